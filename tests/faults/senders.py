"""Clients whose pageviews count in all eight rollups. Each path is a marker, sent nowhere else."""

import http.client
import itertools
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote, urlencode

from tests.live.load import USER_AGENTS, Client, Sending, check
from tests.live.server import LiveSite

BATCH = 20
PIXELS = 20
AGAIN_SECONDS = 0.1


class Sender(Client):
    """Batches and pixels in turn, each sent once, until it is stopped."""

    def __init__(self, site: LiveSite, name: str, *, pause: float = 0.004) -> None:
        super().__init__(site, name, 0, pause=pause)
        self._sendings = mixed(site, name)


class Resender(Client):
    """Batches whose hits have ids: each is sent until it is acknowledged, so all of them are."""

    def __init__(self, site: LiveSite, name: str, *, pause: float = 0.02) -> None:
        super().__init__(site, name, 0, pause=pause)
        self._sendings = with_ids(site, name)
        self.repeats = 0

    def _send(self, sending: Sending) -> None:
        super()._send(sending)
        while self.unanswered or self.refused:
            self.unanswered.clear()
            self.refused.clear()
            self.repeats += 1
            time.sleep(AGAIN_SECONDS)
            super()._send(sending)


def knock(site: LiveSite) -> list[http.client.HTTPMessage]:
    """One pixel and one batch; the headers of those answers that are 503."""
    marker = f"/knock/{secrets.token_hex(8)}"
    refusals = []
    for sending in (
        _pixel(site, f"{marker}/pixel", USER_AGENTS[0]),
        _batch(site, [f"{marker}/batch"], with_sessions=False),
    ):
        with closing(http.client.HTTPConnection("127.0.0.1", site.server.port)) as connection:
            connection.request(sending.method, sending.path, sending.body, sending.headers)
            answer = connection.getresponse()
            check(sending, answer, answer.read())
            if answer.status == 503:
                refusals.append(answer.headers)
    return refusals


def mixed(site: LiveSite, name: str) -> Iterator[Sending]:
    """Without an end."""
    numbers = itertools.count()
    for turn in itertools.count():
        markers = [f"/{name}/{next(numbers)}" for _ in range(BATCH)]
        yield _batch(site, markers, with_sessions=turn % 2 == 0)
        for number in itertools.islice(numbers, PIXELS):
            yield _pixel(site, f"/{name}/{number}", USER_AGENTS[number % len(USER_AGENTS)])


def with_ids(site: LiveSite, name: str) -> Iterator[Sending]:
    """Without an end."""
    for turn in itertools.count():
        markers = [f"/{name}/{turn}/{number}" for number in range(BATCH)]
        yield _batch(site, markers, with_sessions=turn % 2 == 0, ids=True)


def _batch(
    site: LiveSite, markers: list[str], *, with_sessions: bool, ids: bool = False
) -> Sending:
    hits = [_hit(marker, number, ids=ids) for number, marker in enumerate(markers)]
    body = json.dumps({"no_sessions": not with_sessions, "hits": hits}).encode()
    headers = {
        "Host": site.host,
        "Content-Type": "application/json",
        "Authorization": f"Bearer {site.key}",
    }
    return Sending(markers, "POST", "/api/v0/count", body, headers, 202)


def _hit(marker: str, number: int, *, ids: bool) -> dict[str, object]:
    hit: dict[str, object] = {
        "path": marker,
        "title": "A page",
        "ref": f"https://site-{number % 5}.example/",
        "query": f"utm_campaign=Campaign+{number % 3}",
        "size": "1280,800,1",
        "location": "NL",
        "language": "nl-NL",
        "ip": f"198.51.100.{number % 9}",
        "user_agent": USER_AGENTS[number % len(USER_AGENTS)],
    }
    return hit | {"id": marker} if ids else hit


def _pixel(site: LiveSite, marker: str, user_agent: str) -> Sending:
    query = urlencode(
        {
            "p": marker,
            "t": "A page",
            "r": "https://example.net/",
            "q": "utm_campaign=Pixels",
            "s": "1280,800,1",
        },
        quote_via=quote,
    )
    headers = {"Host": site.host, "User-Agent": user_agent, "Accept-Language": "nl-NL"}
    return Sending([marker], "GET", f"/count?{query}", b"", headers, 200)


def stop(clients: list[Client], seconds: float) -> None:
    """Have all of them end, what they have begun included."""
    for client in clients:
        client.stop()
    for client in clients:
        client.join(seconds)
    stuck = [thread.name for thread in threading.enumerate() if thread in clients]
    assert not stuck, f"clients that never got an answer: {stuck}"
