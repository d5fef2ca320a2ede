"""Large exports where several hosts build and serve them: a worker is killed, downloads are cut off.

EXPORT_ROWS is how many pageviews the export has: 1000000 for the full length.
"""

import base64
import gzip
import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.hosts import Hosts, at
from tests.live.server import SECONDS, LiveServer, LiveSite, wait_until

pytestmark = pytest.mark.once

ROWS = int(os.environ.get("EXPORT_ROWS", "150000"))
TAKEN_UP_SECONDS = 30.0
"""From the death of a worker to the moment in which another has its export."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two hosts, each with a web process and a worker, and one folder for exports."""
    with Hosts(tmp_path_factory.mktemp("hosts")) as hosts:
        hosts.start()
        yield hosts


@pytest.fixture(scope="module")
def site(hosts: Hosts) -> LiveSite:
    """A site with `ROWS` pageviews."""
    site = hosts.made[0].make_site("large")
    begun = time.monotonic()
    process = hosts.made[0].launch("-m", "tests.live.fill", site.code, str(ROWS))
    assert process.wait(20 * SECONDS) == 0, hosts.said()
    print(f"{ROWS} pageviews stored in {time.monotonic() - begun:.1f} s")
    return site


class Download:
    """One export's file, as clients of any host see it."""

    def __init__(self, site: LiveSite, export_id: int) -> None:
        self.site, self.url = site, f"/api/v0/export/{export_id}/download"

    def ask(self, host: LiveServer, method: str = "GET", **headers: str) -> httpx.Response:
        """Header names with underscores for hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        with at(host, self.site).client() as client:
            return client.request(method, self.url, headers=given)

    def cut_off(self, host: LiveServer, after: int) -> bytes:
        """What has arrived when the client goes away after so many bytes."""
        with at(host, self.site).client() as client, client.stream("GET", self.url) as answer:
            assert answer.status_code == 200
            content = b""
            for chunk in answer.iter_raw(16384):
                content += chunk
                if len(content) >= after:
                    return content
        raise AssertionError("the file is too small to be cut off")


def shown(host: LiveServer, site: LiveSite, export_id: int) -> dict[str, Any]:
    """The export as a host shows it."""
    with at(host, site).client() as client:
        export: dict[str, Any] = client.get(f"/api/v0/export/{export_id}").json()
        return export


def holder(hosts: Hosts, export_id: int) -> LiveServer | None:
    """The host whose worker builds the export."""
    sql = "SELECT owner FROM exports_export WHERE id = %(id)s AND state = 'running'"
    rows = hosts.query(sql, id=export_id)
    return next(
        (
            host
            for host in hosts.made
            if rows and rows[0][0].startswith((host.data / "host_id").read_text().strip())
        ),
        None,
    )


def strike(hosts: Hosts, export_id: int, number: signal.Signals) -> LiveServer:
    """A signal for the worker that builds it, and its children, while the file grows; gives its host."""
    folder = hosts.folder / "exports"
    growing: list[Path] = []

    def grows() -> bool:
        growing[:] = [each for each in folder.glob(f"*/{export_id}/.*") if each.stat().st_size]
        return bool(growing)

    wait_until(grows, hosts.said)
    host = holder(hosts, export_id)
    assert host
    os.killpg(host.child("worker"), number)
    assert growing[0].exists(), "it was whole before the signal came"
    return host


@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_a_killed_workers_export_is_taken_up_again_and_downloads_go_on_where_they_were_cut_off(
    hosts: Hosts, site: LiveSite, format: str
) -> None:
    one, two = hosts.made[:2]
    export_id = site.post("/api/v0/export", {"format": format}).json()["id"]
    download = Download(site, export_id)
    killed = strike(hosts, export_id, signal.SIGKILL)
    begun = time.monotonic()
    owner = hosts.query("SELECT owner FROM exports_export WHERE id = %(id)s", id=export_id)

    def taken_up() -> bool:
        assert download.ask(two).status_code == 202, "a half-written file is never served"
        sql = "SELECT owner FROM exports_export WHERE id = %(id)s"
        return hosts.query(sql, id=export_id) not in (owner, [("",)])

    wait_until(taken_up, hosts.said)
    after = time.monotonic() - begun
    wait_until(lambda: bool(shown(one, site, export_id)["finished_at"]), hosts.said)
    done = shown(two, site, export_id)
    print(
        f"{format}: the worker of {killed.data.parent.name} was killed; another one had the export after "
        f"{after:.1f} s and finished it after {time.monotonic() - begun:.1f} s: {done['num_rows']} rows, "
        f"{done['size']} MiB"
    )
    assert after < TAKEN_UP_SECONDS
    assert (done["error"], done["num_rows"], done["last_hit_id"]) == (None, ROWS, ROWS)
    judge(download, done, one, two)


def has_open(host: LiveServer, export_id: int) -> bool:
    """Whether a process of the host still writes a file of the export, deleted or not."""
    for pid in host.processes():
        with suppress(OSError):
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                if f"/{export_id}/." in str(entry.readlink()):
                    return True
    return False


def test_a_stalled_worker_that_comes_back_changes_nothing(hosts: Hosts, site: LiveSite) -> None:
    """Its lease has lapsed meanwhile, and another one has built the export."""
    one, two = hosts.made[:2]
    export_id = site.post("/api/v0/export").json()["id"]
    host = strike(hosts, export_id, signal.SIGSTOP)
    worker = host.child("worker")
    try:
        assert has_open(host, export_id)
        wait_until(lambda: bool(shown(one, site, export_id)["finished_at"]), hosts.said)
        done = shown(two, site, export_id)
    finally:
        os.killpg(worker, signal.SIGCONT)
    wait_until(lambda: not has_open(host, export_id), hosts.said)
    assert shown(one, site, export_id) == done
    assert len(list(hosts.folder.glob(f"exports/*/{export_id}/*"))) == 1
    judge(Download(site, export_id), done, one, two)


def judge(download: Download, done: dict[str, Any], one: LiveServer, two: LiveServer) -> None:
    """The digest is the file's on both hosts; parts from one and the other are the file."""
    whole = download.ask(one)
    digest = hashlib.sha256(whole.content).digest()
    assert done["hash"] == f"sha256-{digest.hex()}"
    assert whole.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert whole.headers["Content-Length"] == str(len(whole.content))
    assert_complete(gzip.decompress(whole.content), done["format"])
    etag = whole.headers["ETag"]
    begin = download.cut_off(one, len(whole.content) // 3)
    rest = download.ask(two, Range=f"bytes={len(begin)}-", If_Range=etag)
    assert rest.status_code == 206
    assert rest.headers["Content-Range"] == (
        f"bytes {len(begin)}-{len(whole.content) - 1}/{len(whole.content)}"
    )
    assert begin + rest.content == whole.content
    assert_conditions(download, two, whole)


def assert_complete(content: bytes, format: str) -> None:
    """Every pageview once, in order."""
    lines = content.splitlines()
    if format == "csv":
        assert len(lines) == ROWS + 1
        dates = [line.rpartition(b",")[2] for line in lines[1:]]
        assert dates == sorted(set(dates))
    else:
        assert [json.loads(line)["hit_id"] for line in lines] == list(range(1, ROWS + 1))


def assert_conditions(download: Download, host: LiveServer, whole: httpx.Response) -> None:
    """What the web server itself makes of heads, ranges and conditions."""
    size, etag = len(whole.content), whole.headers["ETag"]
    head = download.ask(host, "HEAD")
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(size))
    last = download.ask(host, Range="bytes=-1")
    assert (last.status_code, last.content) == (206, whole.content[-1:])
    beyond = download.ask(host, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert download.ask(host, If_None_Match=etag).status_code == 304
    assert download.ask(host, If_Match='"other"').status_code == 412
    changed = download.ask(host, Range="bytes=9-", If_Range='"other"')
    assert (changed.status_code, changed.content) == (200, whole.content)


def test_a_cancelled_export_stops(hosts: Hosts, site: LiveSite) -> None:
    export_id = site.post("/api/v0/export").json()["id"]
    folder = hosts.folder / "exports"
    wait_until(lambda: any(folder.glob(f"*/{export_id}/.*")), hosts.said)
    with site.client() as client:
        assert client.delete(f"/api/v0/export/{export_id}").status_code == 204
        assert client.get(f"/api/v0/export/{export_id}/download").status_code == 404
    wait_until(lambda: not any(folder.glob(f"*/{export_id}")), hosts.said)
    waiting = site.post("/api/v0/export", {"start_from_hit_id": ROWS - 1}).json()["id"]
    wait_until(lambda: shown(hosts.made[1], site, waiting)["num_rows"] == 1, hosts.said)


def test_a_host_that_keeps_its_exports_to_itself_does_not_start_beside_others(hosts: Hosts) -> None:
    alone = hosts.make(EXPORT_STORAGE_URL="")
    process = alone.spawn()
    assert process.wait(SECONDS) == 1
    said = alone.said().strip()
    print(said)
    assert "set EXPORT_STORAGE_URL" in said
    assert len(said.splitlines()) == 1
