"""Two hosts with folders and journals of their own on one PostgreSQL and one Redis, as people would run them.

PRODUCTION_SECONDS is how long they are watched, PRODUCTION_AWAY_SECONDS how long each of their servers is
away: 60 and 30 for the full length.
"""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.hosts import Hosts, at, end, send_from
from tests.live.load import USER_AGENTS, Client
from tests.live.server import SECONDS, LiveServer, LiveSite, http_client, wait_until
from tests.live.test_kill import judge

pytestmark = pytest.mark.once

WATCHED = float(os.environ.get("PRODUCTION_SECONDS", "8"))
AWAY = float(os.environ.get("PRODUCTION_AWAY_SECONDS", "4"))
AT_ONCE = 4
"""Exports that wait for their turn; a site may have some more."""

RATES = "api:1000000/60,api-count:1000000/60,count:1000000/1"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two hosts, running."""
    with Hosts(tmp_path_factory.mktemp("hosts")) as hosts:
        hosts.start()
        yield hosts


@pytest.fixture(scope="module")
def both(hosts: Hosts) -> list[LiveServer]:
    """The two of them."""
    return hosts.made[:2]


def counted(hosts: Hosts, site: LiveSite, number: int) -> None:
    """Wait until the site has so many pageviews."""
    wait_until(lambda: last_hit_id(hosts, site) >= number, hosts.said)


def last_hit_id(hosts: Hosts, site: LiveSite) -> int:
    """By the ledger."""
    rows = hosts.query(
        "SELECT last_hit_id FROM site_ledger JOIN sites_site s ON s.id = site_id"
        " WHERE s.code = %(code)s",
        code=site.code,
    )
    return int(rows[0][0]) if rows else 0


def table(hosts: Hosts, site: LiveSite) -> list[tuple[int, str, int]]:
    """Hit id, path and first visit of every row, in the order of the ids."""
    return hosts.query(
        "SELECT hit_id, path, first_visit::int FROM hits JOIN paths USING (site_id, path_id)"
        " JOIN sites_site s ON s.id = site_id WHERE s.code = %(code)s ORDER BY hit_id",
        code=site.code,
    )


def rolled_up(hosts: Hosts, site: LiveSite) -> int:
    """Visits by the rollup."""
    return int(
        hosts.query(
            "SELECT coalesce(sum(count), 0) FROM hit_counts JOIN sites_site s ON s.id = site_id"
            " WHERE s.code = %(code)s",
            code=site.code,
        )[0][0]
    )


def judge_table(hosts: Hosts, site: LiveSite) -> int:
    """Ids without a gap, rollups that are the rows; gives the number of rows."""
    rows = table(hosts, site)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert rolled_up(hosts, site) == sum(row[2] for row in rows)
    return len(rows)


class Sync(threading.Thread):
    """Export from the cursor, remember the cursor, and again."""

    def __init__(self, site: LiveSite) -> None:
        super().__init__(name="sync", daemon=True)
        self.copy: list[str] = []
        self.rounds = 0
        self._cursor = 0
        self._site = site
        self._last = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Until there is nothing more after `finish`."""
        try:
            while not (self._last.is_set() and not self._once()):
                if not self._last.is_set():
                    self._once()
        except BaseException as error:
            self.error = error
            raise

    def finish(self) -> None:
        """Nobody writes any more; take the rest."""
        self._last.set()
        self.join(SECONDS)
        assert not self.is_alive()
        assert not self.error, self.error

    def _once(self) -> int:
        lines, self._cursor = self._site.export(after=self._cursor)
        self.copy += lines
        self.rounds += 1
        return len(lines)


def test_a_copy_kept_by_cursor_equals_the_table_while_four_processes_on_two_hosts_write(
    hosts: Hosts, both: list[LiveServer]
) -> None:
    a, b = both
    site = a.make_site("synced")
    ports = {a.port: a, a.add_web(): a, b.port: b, b.add_web(): b}
    sync = Sync(at(b, site))
    sync.start()
    clients = send_from(site, ports, pause=0.01)
    begun = time.monotonic()
    wait_until(lambda: sync.rounds >= 3, hosts.said)
    killed = a.web_worker()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: a.web_worker() != killed and a.answers(), hosts.said)
    while time.monotonic() - begun < WATCHED:
        assert sync.is_alive(), sync.error
        time.sleep(0.1)
    end(clients)
    counted(hosts, site, sum(len(client.acknowledged) for client in clients))
    judge("write", site, clients)
    sync.finish()
    everything, _ = site.export()
    assert sync.copy == everything
    assert [line.partition(",")[0] for line in sync.copy] == [row[1] for row in table(hosts, site)]
    rows = judge_table(hosts, site)
    print(f"{rows} rows in {sync.rounds} exports of {time.monotonic() - begun:.0f} s")


def test_a_resend_to_the_other_host_is_counted_once(hosts: Hosts, both: list[LiveServer]) -> None:
    site = both[0].make_site("resent")
    hits = [{"path": f"/once/{n}", "id": f"hit-{n}"} for n in range(50)]
    for _ in range(3):
        for host in both:
            answer = at(host, site).post("/api/v0/count", {"no_sessions": True, "hits": hits})
            assert answer.status_code == 202
    keyed = {"Host": site.host, "Idempotency-Key": "the-batch", "Content-Type": "application/json"}
    body = json.dumps({"no_sessions": True, "hits": [{"path": "/batch"}]}).encode()
    for host in both:
        with at(host, site).client() as client:
            sent = client.post("/api/v0/count", content=body, headers=keyed)
            assert sent.status_code == 202
    for host in both:
        at(host, site).count("/last")
    counted(hosts, site, 53)
    paths = sorted(row[1] for row in table(hosts, site))
    assert paths == sorted([*(f"/once/{n}" for n in range(50)), "/batch", "/last", "/last"])
    judge_table(hosts, site)


def test_a_visitor_who_meets_both_hosts_has_one_session(
    hosts: Hosts, both: list[LiveServer]
) -> None:
    site = both[0].make_site("met")
    with http_client() as http:
        for number in range(40):
            host = both[number % 2]
            answer = http.get(
                f"{host.url}/count?p=/page/{number % 4}",
                headers={"Host": at(host, site).host, "User-Agent": USER_AGENTS[0]},
            )
            assert answer.status_code == 200
    counted(hosts, site, 40)
    sessions = hosts.query(
        "SELECT DISTINCT session FROM hits JOIN sites_site s ON s.id = site_id WHERE s.code = 'met'"
    )
    assert len(sessions) == 1
    assert sum(row[2] for row in table(hosts, site)) == 4
    judge_table(hosts, site)


def test_both_hosts_take_the_token_that_either_has_printed(both: list[LiveServer]) -> None:
    tokens = {re.findall(r"with the token (\S+)", host.said())[0] for host in both}
    assert len(tokens) == 1


def test_a_host_with_another_secret_key_is_refused_in_words(hosts: Hosts) -> None:
    stranger = hosts.make(GOATAPI_SECRET_KEY="another")
    assert stranger.spawn().wait(SECONDS) == 1
    said = stranger.said()
    assert "GOATAPI_SECRET_KEY is not the one that this database was first used with" in said
    assert "Traceback" not in said


def test_plain_celery_workers_and_two_beats_build_each_export_once(
    hosts: Hosts, both: list[LiveServer]
) -> None:
    a, b = both
    site = a.make_site("plain")
    site.count(*(f"/{n}" for n in range(100)))
    counted(hosts, site, 100)
    for host in both:
        host.launch("-m", "celery", "-A", "goatapi", "worker", "-c", "1", "-l", "INFO")
        host.launch("-m", "celery", "-A", "goatapi", "beat", "-l", "INFO")
    wait_until(lambda: all("exports.tasks.build" in host.said() for host in both), hosts.said)
    wait_until(lambda: all("beat: Starting" in host.said() for host in both), hosts.said)
    exports = [site.post("/api/v0/export").json()["id"] for _ in range(AT_ONCE)]
    for export in exports:
        assert len(at(b, site).finished(export)[0]) == 100
    attempts = hosts.query(
        "SELECT attempts FROM exports_export WHERE id = ANY(%(ids)s)", ids=exports
    )
    assert [row[0] for row in attempts] == [1] * len(exports)


@pytest.fixture
def shaken(tmp_path: Path) -> Iterator[Hosts]:
    """Two hosts with limits, whose PostgreSQL and Redis are the test's to stop."""
    with Hosts(tmp_path, GOATAPI_RATELIMIT=RATES) as hosts:
        hosts.start()
        yield hosts


def test_without_postgresql_or_redis_nothing_is_lost_and_all_goes_on_by_itself_afterwards(
    shaken: Hosts,
) -> None:
    a, b = shaken.made
    site = a.make_site("shaken")
    clients = send_from(site, {a.port: a, b.port: b}, pause=0.02)
    wait_until(lambda: last_hit_id(shaken, site) > 200, shaken.said)

    shaken.redis.stop()
    asked = site.post("/api/v0/export")
    assert asked.status_code == 202, asked.text
    assert "X-Rate-Limit-Limit" not in asked.headers
    stay(AWAY)
    shaken.redis.start()
    wait_until(lambda: "X-Rate-Limit-Limit" in site.post("/api/v0/count", {}).headers, shaken.said)
    assert "the rate limit store does not answer" in a.said()
    assert limiter_failures(a) > 0
    assert site.finished(asked.json()["id"])[0]

    shaken.postgres.stop()
    begun = time.monotonic()
    refused = site.post("/api/v0/count", {"no_sessions": True, "hits": [{"path": "/away"}]})
    took = time.monotonic() - begun
    assert refused.status_code == 503, refused.text
    assert refused.json() == {"error": "the database does not answer"}
    assert int(refused.headers["Retry-After"]) > 0
    before = taken(clients)
    stay(AWAY)
    pixels = taken(clients) - before
    assert pixels > 0, "no pageview was taken while the database was away"
    shaken.postgres.start()
    back = wait_until(lambda: site.post("/api/v0/count", {}).status_code < 500, shaken.said)
    end(clients)
    counted(shaken, site, sum(len(client.acknowledged) for client in clients))
    judge("write", site, clients)
    judge_table(shaken, site)
    print(
        f"PostgreSQL away: first refusal after {took:.1f} s, {pixels} pageviews taken meanwhile, "
        f"keys known again {back:.1f} s after its start"
    )


def stay(seconds: float) -> None:
    """So long that everybody has noticed."""
    time.sleep(seconds)


def taken(clients: list[Client]) -> int:
    """Acknowledged pageviews so far."""
    return sum(len(client.acknowledged) for client in clients)


def limiter_failures(host: LiveServer) -> float:
    """By the metrics port."""
    with http_client() as http:
        text = http.get(f"http://127.0.0.1:{host.metrics_port}/metrics").text
    lines = [
        line for line in text.splitlines() if line.startswith("goatapi_limiter_failures_total{")
    ]
    return sum(float(line.split()[-1]) for line in lines)
