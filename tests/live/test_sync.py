"""The sync scripts of docs/examples, as they are: whatever happens, the copy is the server's table."""

import csv
import gzip
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.faults import PIECE_SECONDS, PIECES, Fault, FaultyProxy, Plan
from tests.live.server import ROOT, SECONDS, LiveServer, LiveSite

pytestmark = pytest.mark.once

EXAMPLES = ROOT / "docs" / "examples"
SEED = os.environ.get("LIVE_SEED", "20261123")
KILLS = 5
SCRIPTS = ("sync.py", "sync.sh")
DONE, BUSY, REFUSED, LATE = 0, 3, 4, 5
PATHS = [f"/{n}" for n in range(300)]


@dataclass
class Copy:
    """A local copy, and the script that keeps it."""

    script: str
    path: Path

    def start(self, url: str, key: str, *arguments: str) -> "subprocess.Popen[str]":
        """Begin a run, in a process group of its own."""
        program = [sys.executable] if self.script == "sync.py" else ["bash"]
        return subprocess.Popen(
            [*program, str(EXAMPLES / self.script), url, str(self.path), *arguments],
            env=os.environ | {"API_TOKEN": key},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, url: str, key: str, *arguments: str) -> tuple[int, str]:
        """A whole run: its exit code, and what it has printed."""
        process = self.start(url, key, *arguments)
        said, _ = process.communicate(timeout=SECONDS)
        return process.returncode, said

    def until(self, seconds: int) -> list[str]:
        """The arguments that end a run after so many seconds."""
        return ["--seconds", str(seconds)] if self.script == "sync.py" else [str(seconds)]

    def rows(self) -> list[list[str]]:
        """The pageviews in it, in their order, as the columns of an export."""
        return list(self._from_database() if self.script == "sync.py" else self._from_files())

    def _from_database(self) -> Iterator[list[str]]:
        database = sqlite3.connect(self.path)
        for row in database.execute("SELECT * FROM pageviews ORDER BY number"):
            yield list(row[1:])
        database.close()

    def _from_files(self) -> Iterator[list[str]]:
        for file in sorted(self.path.glob("*.csv.gz")):
            yield from csv.reader(gzip.decompress(file.read_bytes()).decode().splitlines()[1:])


class Visitors(threading.Thread):
    """Pageviews that go on coming in, with texts that are not easy to copy."""

    def __init__(self, site: LiveSite) -> None:
        super().__init__(daemon=True)
        self._site = site
        self._leaving = threading.Event()
        self.sent = 0

    def send(self, count: int) -> None:
        """A batch of them."""
        numbers = range(self.sent, self.sent + count)
        hits = [{"path": f"/{n:06}", "title": f'№ {n}, "{n * 7919}"; ü'} for n in numbers]
        answer = self._site.post("/api/v0/count", {"no_sessions": True, "hits": hits})
        assert answer.status_code == 202, answer.text
        self.sent += count

    def run(self) -> None:
        """Until told to leave."""
        while not self._leaving.wait(0.05):
            self.send(20)

    def leave(self) -> None:
        """Come no more."""
        self._leaving.set()
        self.join(SECONDS)


@pytest.fixture(params=SCRIPTS)
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Copy:
    """A copy that is not there yet."""
    return Copy(request.param, tmp_path / "copy")


@pytest.fixture(scope="module")
def site(shared: LiveServer) -> LiveSite:
    """A site with some pageviews."""
    site = shared.make_site("sync")
    site.count(*PATHS)
    site.paths(count=len(PATHS))
    return site


def table(site: LiveSite, count: int) -> list[list[str]]:
    """The server's pageviews by one new export of everything, once there are `count`."""
    site.paths(count=count)
    return list(csv.reader(site.export()[0]))


def exports_left(site: LiveSite) -> int:
    """How many the server still keeps."""
    with site.client() as client:
        return len(client.get("/api/v0/export?limit=100").json()["exports"])


def kill_at_random(
    process: "subprocess.Popen[str]", proxy: FaultyProxy, chance: random.Random, *, storing: bool
) -> None:
    """SIGKILL a moment after one of its next requests; sometimes its children live on.

    With `storing`, a moment after a file has come whole.
    """
    known = len(proxy.seen)
    request = known + chance.randrange(0, 6)

    def due() -> bool:
        if storing:
            return any(seen.is_download and not seen.fault for seen in proxy.seen[known:])
        return len(proxy.seen) >= request

    while process.poll() is None and not due():
        time.sleep(0.002)
    time.sleep(PIECES * PIECE_SECONDS * storing + chance.uniform(0, 0.12))
    if process.poll() is None:
        if chance.random() < 0.5:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(SECONDS)
    if process.stdout:
        process.stdout.close()


def hammered(shared: LiveServer, copy: Copy) -> None:
    """Keep a copy while pageviews come in, answers are broken and the script is killed; then compare."""
    site = shared.make_site(copy.script.replace(".", "-"))
    visitors = Visitors(site)
    for _ in range(8):
        visitors.send(500)
    visitors.start()
    chance = random.Random(f"{SEED} {copy.script}")  # noqa: S311  # moments, no secrets
    begun = time.monotonic()
    with FaultyProxy(site, Plan(chance)) as proxy:
        for number in range(KILLS):
            process = copy.start(proxy.url, site.key)
            kill_at_random(process, proxy, chance, storing=number % 2 == 0)
        visitors.leave()
        expected = table(site, visitors.sent)
        codes = [copy.run(proxy.url, site.key)[0]]
        while codes[-1] == BUSY or len(codes) < 2:  # a killed script's curl, for a moment
            time.sleep(0.1)
            codes.append(copy.run(proxy.url, site.key)[0])
        faults = {str(fault and fault.name): count for fault, count in proxy.faults.items()}
        resumed = sum(seen.status == 206 for seen in proxy.seen)
    rows = copy.rows()
    print(
        f"{copy.script}: {KILLS} kills (seed {SEED}), {len(proxy.seen)} requests with {faults}, "
        f"{resumed} resumed; {len(rows)} of {len(expected)} rows in {time.monotonic() - begun:.1f} s"
    )
    assert set(codes) <= {DONE, BUSY}
    assert rows == expected
    assert len(expected) == visitors.sent


def test_copies_are_the_table_after_kills_and_faults(shared: LiveServer, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        copies = [Copy(script, tmp_path / script) for script in SCRIPTS]
        for done in [pool.submit(hammered, shared, copy) for copy in copies]:
            done.result()


def test_limits_are_heeded_and_damaged_files_fetched_anew_and_cut_ones_resumed(
    site: LiveSite, copy: Copy
) -> None:
    before = exports_left(site)
    plan = Plan(opening=[Fault.SPENT], given=[Fault.FLIPPED, Fault.CUT])
    with FaultyProxy(site, plan) as proxy:
        assert copy.run(proxy.url, site.key)[0] == DONE
        damaged, cut, rest = proxy.downloads()
        again = copy.run(proxy.url, site.key)
    assert proxy.seen[1].at - proxy.seen[0].at > 0.95
    assert "Range" not in damaged.headers
    assert "Range" not in cut.headers
    assert rest.headers["Range"].startswith("bytes=")
    assert rest.headers["If-Range"].strip('"')
    assert rest.status == 206
    # A run without news changes nothing, and neither leaves anything on the server.
    assert (again[0], "the cursor is 300" in again[1]) == (DONE, True)
    assert [row[0] for row in copy.rows()] == PATHS
    assert exports_left(site) == before


def test_second_run_at_once_is_refused(site: LiveSite, copy: Copy) -> None:
    with FaultyProxy(site) as proxy, proxy.lock:  # nobody is answered
        first = copy.start(proxy.url, site.key)
        while not list(copy.path.parent.glob("**/*lock")):
            time.sleep(0.01)
        time.sleep(0.2)
        code, said = copy.run(proxy.url, site.key)
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate(timeout=SECONDS)
    assert (code, "another run is at work" in said) == (BUSY, True)


def test_export_that_somebody_has_deleted_is_started_again(site: LiveSite, copy: Copy) -> None:
    with FaultyProxy(site, Plan(given=[Fault.SLOW])) as proxy:
        process = copy.start(proxy.url, site.key)
        while not proxy.downloads():
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=SECONDS)
        with site.client() as client:
            client.delete(proxy.downloads()[0].path.removesuffix("/download"))
        assert copy.run(proxy.url, site.key)[0] == DONE
    assert [row[0] for row in copy.rows()] == PATHS


def test_key_that_may_not_export_is_told_so(site: LiveSite, copy: Copy) -> None:
    code, said = copy.run(f"http://{site.host.partition('.')[2]}", "unknown")
    assert code == REFUSED
    assert "status 40" in said


def test_server_that_is_away_is_waited_for_until_the_time_is_up(copy: Copy) -> None:
    code, said = copy.run("http://127.0.0.1:9", "key", *copy.until(1))
    assert code == LATE
    assert "the time is up" in said
