"""Clients that send pageviews, each with a marker of its own, and remember what was answered."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from tests.live.server import SECONDS, LiveSite
from tests.openapi.contract import contract
from tests.openapi.exchange import from_wire

USER_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
)
BATCH = 60
PIXELS = 40
"""Pageviews in a batch to the API, and those by `/count` that follow it."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One request; its markers are the paths of its pageviews."""

    markers: list[str]
    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    good: int


class Client(threading.Thread):
    """Sends `hits` pageviews over a connection that it keeps until it breaks.

    A connection that is refused was no sending. A request without an answer is not repeated:
    whether it was counted is anybody's guess, but it must not have been counted twice.
    `port` is another than the server's own, `pause` the seconds between two requests.
    """

    def __init__(
        self, site: LiveSite, name: str, hits: int, *, port: int = 0, pause: float = 0
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.acknowledged: list[str] = []
        self.unanswered: list[list[str]] = []
        self.refused: list[str] = []
        self._sendings = sendings(site, name, hits)
        self._port = port or site.server.port
        self._pause = pause
        self._stopped = threading.Event()
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        """Send all of it."""
        for sending in self._sendings:
            if self._stopped.wait(self._pause):
                break
            self._send(sending)
        if self._connection:
            self._connection.close()

    def stop(self) -> None:
        """Send no more than what is on its way."""
        self._stopped.set()

    def sent(self) -> int:
        """Pageviews so far."""
        return len(self.acknowledged) + len(self.refused) + sum(map(len, self.unanswered))

    def _send(self, sending: Sending) -> None:
        connection = self._connected()
        try:
            connection.request(sending.method, sending.path, sending.body, sending.headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.unanswered.append(sending.markers)
            connection.close()
            self._connection = None
            return
        check(sending, answer, body)
        kept = self.acknowledged if answer.status == sending.good else self.refused
        kept.extend(sending.markers)

    def _connected(self) -> http.client.HTTPConnection:
        deadline = time.monotonic() + SECONDS
        while self._connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)
            try:
                connection.connect()
                self._connection = connection
            except OSError:
                assert time.monotonic() < deadline, "the server does not come back"
                time.sleep(0.02)
        return self._connection


def check(sending: Sending, answer: http.client.HTTPResponse, body: bytes) -> None:
    """Hold an answer against the API's description. Errors: `Undeclared`."""
    exchange = from_wire(
        method=sending.method,
        target=sending.path,
        asked=sending.headers,
        sent=sending.body,
        status=answer.status,
        told=answer.getheaders(),
        body=body,
    )
    contract().check(exchange)


def sendings(site: LiveSite, name: str, hits: int) -> Iterator[Sending]:
    """Batches to the API and pixels in turn, of all kinds: with and without session."""
    markers = (f"/{name}/{number:05}" for number in range(hits))
    for round_ in itertools.count():
        yielded = False
        if batch := list(itertools.islice(markers, BATCH)):
            yielded = True
            yield _batch(site, batch, with_sessions=round_ % 2 == 0)
        for marker in itertools.islice(markers, PIXELS):
            yield _pixel(site, marker, USER_AGENTS[len(marker) % len(USER_AGENTS)])
        if not yielded:
            return


def _batch(site: LiveSite, markers: list[str], *, with_sessions: bool) -> Sending:
    who = [
        {"ip": f"198.51.100.{number % 9}", "user_agent": USER_AGENTS[number % len(USER_AGENTS)]}
        if with_sessions
        else {}
        for number in range(len(markers))
    ]
    hits = [{"path": marker, **visitor} for marker, visitor in zip(markers, who, strict=True)]
    body = json.dumps({"no_sessions": not with_sessions, "hits": hits}).encode()
    headers = {
        "Host": site.host,
        "Content-Type": "application/json",
        "Authorization": f"Bearer {site.key}",
    }
    return Sending(markers, "POST", "/api/v0/count", body, headers, 202)


def _pixel(site: LiveSite, marker: str, user_agent: str) -> Sending:
    path = f"/count?p={quote(marker, safe='')}&t=Title&r=https%3A%2F%2Fexample.net&s=1280,800,1"
    headers = {"Host": site.host, "User-Agent": user_agent}
    return Sending([marker], "GET", path, b"", headers, 200)
