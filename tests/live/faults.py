"""A proxy between a client and the live server that does to answers what networks and proxies do."""

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.live.server import SECONDS, LiveSite
from tests.openapi.contract import Undeclared, contract
from tests.openapi.exchange import from_wire

PIECES = 8
PIECE_SECONDS = 0.01
"""A download comes in so many pieces, so far apart: there is time to kill a client in the middle."""
SLOW_SECONDS = 0.3


class Fault(Enum):
    """What happens to a request."""

    LOST = auto()  # the server does as it is asked, and its answer goes nowhere
    CUT = auto()  # the connection ends within the body
    TRUNCATED = auto()  # the body is shorter, and its length says the same
    FLIPPED = auto()  # one bit is another
    SLOW = auto()  # nothing comes for a while
    BUSY = auto()  # 503, and when to come again
    LIMITED = auto()  # 429, the same
    SPENT = auto()  # it is answered, as the last one that the limit lets through for a while


ANY_ANSWER = (Fault.LOST, Fault.TRUNCATED, Fault.SLOW, Fault.BUSY, Fault.LIMITED)
DOWNLOADS = (Fault.CUT, Fault.FLIPPED, Fault.TRUNCATED, Fault.CUT, Fault.LOST)
"""A flipped bit is for files, which have a digest. Nothing but TLS guards the rest."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the proxy saw it; `status` 0 where the client got no answer."""

    method: str
    path: str
    headers: dict[str, str]
    status: int
    fault: Fault | None
    at: float

    @property
    def is_download(self) -> bool:
        """Whether it asked for a file."""
        return self.path.endswith("/download")


@dataclass
class Plan:
    """Which fault comes next: those of the `opening`, those `given` for downloads, then of a shuffled deck.

    A deck has as many answers without fault as with one, so that a client gets on. An empty `chance`
    stands for no faults at all.
    """

    chance: random.Random | None = None
    opening: list[Fault] = field(default_factory=list)
    given: list[Fault] = field(default_factory=list)
    _decks: dict[bool, list[Fault | None]] = field(default_factory=dict)

    def next(self, *, is_download: bool) -> Fault | None:
        """The fault of the next request."""
        if self.opening:
            return self.opening.pop(0)
        if is_download and self.given:
            return self.given.pop(0)
        if self.chance is None:
            return None
        deck = self._decks.setdefault(is_download, [])
        if not deck:
            faults = DOWNLOADS if is_download else ANY_ANSWER
            deck += [*faults, *([None] * (len(faults) if is_download else 3 * len(faults)))]
            self.chance.shuffle(deck)
        return deck.pop()


class FaultyProxy:
    """Speaks for a site on a port of its own, for as long as the block lasts."""

    def __init__(self, site: LiveSite, plan: Plan | None = None) -> None:
        self.site = site
        self.plan = plan or Plan()
        self.seen: list[Seen] = []
        self.undeclared: list[str] = []
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.proxy = self  # type: ignore[attr-defined]  # the way to a handler
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """The site's address for clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def faults(self) -> "Counter[Fault | None]":
        """How often each has happened."""
        return Counter(seen.fault for seen in self.seen)

    def downloads(self) -> list[Seen]:
        """The requests for files."""
        return [seen for seen in self.seen if seen.is_download]

    def __enter__(self) -> "FaultyProxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert self.undeclared == []


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request."""

    def handle_one_request(self) -> None:
        """Pass it on, or not."""
        self.close_connection = True
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if self.raw_requestline and self.parse_request():
                self._pass_on()
        except OSError:
            pass  # the client was killed

    def _pass_on(self) -> None:
        proxy: FaultyProxy = self.server.proxy  # type: ignore[attr-defined]  # set by it
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        with proxy.lock:
            fault = proxy.plan.next(is_download=self.path.endswith("/download"))
        if fault in (Fault.BUSY, Fault.LIMITED):
            status = 503 if fault == Fault.BUSY else 429
            content = b'{"error": "come again"}\n'
            headers = {"Retry-After": "1", "Content-Length": str(len(content))}
        else:
            status, headers, content = self._asked(proxy.site, body)
        if fault == Fault.SLOW:
            time.sleep(SLOW_SECONDS)
        heard = 0 if fault == Fault.LOST else status
        now = time.monotonic()
        proxy.seen.append(Seen(self.command, self.path, dict(self.headers), heard, fault, now))
        if fault == Fault.LOST:
            self._reset()
        else:
            self._answer(status, headers, content, fault)

    def _asked(self, site: LiveSite, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """What the server answers."""
        connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=SECONDS)
        given = {name: value for name, value in self.headers.items() if name != "Host"}
        try:
            connection.request(self.command, self.path, body, {**given, "Host": site.host})
            answer = connection.getresponse()
            told = dict(answer.getheaders())
            self._check(body, answer.status, told, content := answer.read())
            return answer.status, told, content
        finally:
            connection.close()

    def _check(self, sent: bytes, status: int, told: dict[str, str], body: bytes) -> None:
        """Curl's and the scripts' own exchanges; told at the end, since this thread is nobody's."""
        exchange = from_wire(
            method=self.command,
            target=self.path,
            asked=dict(self.headers),
            sent=sent,
            status=status,
            told=told.items(),
            body=body,
        )
        try:
            contract().check(exchange)
        except Undeclared as problem:
            self.server.proxy.undeclared.append(str(problem))  # type: ignore[attr-defined]  # as above

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, fault: Fault | None
    ) -> None:
        chance = random.Random(len(content) * 31 + status)  # noqa: S311  # a place, no secret
        at = chance.randrange(len(content) // 4, len(content)) if content else 0
        if fault == Fault.TRUNCATED:
            content = content[:at]
            _set(headers, "Content-Length", str(len(content)))
        if fault == Fault.SPENT:
            headers |= {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "1"}
        if fault == Fault.FLIPPED and content:
            content = content[:at] + bytes((content[at] ^ 1,)) + content[at + 1 :]
        head = f"HTTP/1.1 {status} {http.client.responses.get(status, '')}\r\nConnection: close\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.wfile.write(f"{head}{lines}\r\n".encode("latin-1"))
        self._send(content[:at] if fault == Fault.CUT else content)

    def _send(self, content: bytes) -> None:
        if not self.path.endswith("/download"):
            self.wfile.write(content)
            return
        size = len(content) // PIECES + 1
        for start in range(0, len(content), size):
            self.wfile.write(content[start : start + size])
            time.sleep(PIECE_SECONDS)

    def _reset(self) -> None:
        """End the connection as a crash would."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _set(headers: dict[str, str], name: str, value: str) -> None:
    for known in [known for known in headers if known.lower() == name.lower()]:
        del headers[known]
    headers[name] = value
