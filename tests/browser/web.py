"""Two small web servers for a browser: one serves the pages of a test, one writes down what it is asked."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hits.door import GIF

SECONDS = 10.0
"""Deadline for whatever is waited for."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page as it is sent."""

    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that came to `/count…`; `path` is undecoded."""

    method: str
    path: str
    values: Mapping[str, str]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away while it was answered."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Pages(_Server):
    """Serves `documents` by path, on every name that leads here."""

    def __init__(self) -> None:
        super().__init__(_PageHandler)
        self.documents: dict[str, Document] = {}

    def url(self, path: str, host: str = "page.test") -> str:
        """Where `path` is; the default host is none of those that the script takes for local."""
        return f"http://{host}:{self.server_port}{path}"


class Recorder(_Server):
    """Answers like `/count` and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(_RecordingHandler)
        self._arrivals: Queue[Arrival] = Queue()

    @property
    def endpoint(self) -> str:
        """For `data-goatcounter`."""
        return f"http://127.0.0.1:{self.server_port}/count"

    def note(self, arrival: Arrival) -> None:
        """Remember one."""
        self._arrivals.put(arrival)

    def next(self) -> Arrival:
        """The next one; waits for it."""
        return self._arrivals.get(timeout=SECONDS)

    def rest(self) -> list[Arrival]:
        """Those that have come and were not asked for."""
        return [self._arrivals.get() for _ in range(self._arrivals.qsize())]


@contextmanager
def running(server: _Server) -> Iterator[None]:
    """Serve for the length of the block."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def answer(self, status: int, kind: str, body: bytes, headers: Mapping[str, str]) -> None:
        """One whole answer."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _PageHandler(_Handler):
    server: Pages

    def do_GET(self) -> None:
        document = self.server.documents.get(urlsplit(self.path).path)
        if self.path == "/favicon.ico":  # not every page is asked for one: it is the browser's whim
            self.answer(204, "image/gif", b"", {})
        elif document is None:
            self.answer(404, "text/plain", b"", {})
        else:
            html = document.html.encode()
            self.answer(200, "text/html; charset=utf-8", html, document.headers)


class _RecordingHandler(_Handler):
    server: Recorder

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path.startswith("/count"):
            values = dict(parse_qsl(asked.query, keep_blank_values=True))
            self.server.note(Arrival(self.command, asked.path, values))
        self.answer(200, "image/gif", GIF, {"Access-Control-Allow-Origin": "*"})

    do_POST = do_GET  # noqa: N815  # the parent's name
