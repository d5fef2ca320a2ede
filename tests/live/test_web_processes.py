"""Several web processes on one port: each takes pageviews, each tells its figures, each may die."""

import signal

import httpx

from tests.live.conftest import Make
from tests.live.server import LiveServer, LiveSite, http_client, parent_of, send, wait_until

DISTANCES = (0, 2)
"""Of the two web processes' figures, from GOATAPI_METRICS_PORT on: the drain's are between."""


def scrape(server: LiveServer, distance: int) -> dict[str, float]:
    """The figures of one process; none when nobody answers there."""
    try:
        with http_client() as http:
            text = http.get(f"http://127.0.0.1:{server.metrics_port + distance}/metrics").text
    except httpx.TransportError:
        return {}
    lines = (line.rpartition(" ") for line in text.splitlines() if line[:1] != "#")
    return {name: float(value) for name, _, value in lines}


def accepted(server: LiveServer, distance: int) -> int:
    """Pageviews that this process has acknowledged."""
    return int(scrape(server, distance).get('goatapi_accepted_hits_total{way="api"}', 0))


def workers(server: LiveServer) -> list[int]:
    """The processes that answer requests."""
    main = server.child("web")
    return [pid for pid in server.processes() if parent_of(pid) == main]


def count_through_both(site: LiveSite, prefix: str) -> list[str]:
    """New connections go to either process: as many as it takes until both have acknowledged some."""
    before = [accepted(site.server, distance) for distance in DISTANCES]
    sent: list[str] = []

    def both() -> bool:
        path = f"/{prefix}/{len(sent)}"
        site.count(path)
        sent.append(path)
        now = [accepted(site.server, distance) for distance in DISTANCES]
        return all(b > a for a, b in zip(before, now, strict=True))

    wait_until(both, site.server.said)
    return sent


def test_both_take_pageviews_and_tell_of_them_and_the_death_of_one_costs_none(
    make_server: Make,
) -> None:
    server = make_server(GOATAPI_WEB_PROCESSES="2")
    server.start()
    site, stranger = server.make_site("both"), server.make_site("stranger")
    wait_until(lambda: all(scrape(server, distance) for distance in DISTANCES), server.said)
    sent = count_through_both(site, "first")
    assert sum(accepted(server, distance) for distance in DISTANCES) == len(sent)
    told = [scrape(server, distance).get("goatapi_journal_max_bytes") for distance in DISTANCES]
    assert told == [4 << 30, None], "what is the host's is told once"
    killed = workers(server)[0]
    send(killed, signal.SIGKILL)
    wait_until(lambda: len(set(workers(server)) - {killed}) == 2, server.said)
    wait_until(lambda: all(scrape(server, distance) for distance in DISTANCES), server.said)
    again = count_through_both(site, "again")
    assert sorted(site.paths(*sent, *again)) == sorted(sent + again)
    assert stranger.paths() == []
    server.stop()
    assert server.processes() == []
