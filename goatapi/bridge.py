"""From the web server's callable to Django's WSGI handler: bodies, the environment, answers.

Why bodies are read before a thread is taken, and why files leave by the server:
docs/decisions/0001-server-model.md.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import IO, Any, NamedTuple

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # its stubs do not name it

from goatapi.http.body import MAX_BODY
from goatapi.http.download import Slice

BODY_SECONDS = 30.0
MAX_PAGE_BODY = 64 << 10
"""Bytes of a body that is no API request's: forms."""

UNREADABLE = "Mozilla/5.0 (not ASCII)"
"""What stands for a header with other characters: as a user agent, a browser without a name."""

TOO_SHORT = "the body is shorter than its Content-Length"

SMALL_BODY = 256 << 10
"""Bytes of a body, such as a batch of 500 hits, for which room is held before it is read."""

MAX_HELD = 256 << 20
"""Bytes of bodies that all open requests of a process may hold together."""

MAX_COLLECTED = 64 << 20
"""Bytes of an answer that is no file; a larger one is a mistake of ours."""

DOWNLOADS_PER_SECOND = 25

Headers = list[tuple[str, str]]


class Refused(Exception):
    """A request that ends before Django: `status` and the sentence to say."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Answer(NamedTuple):
    """Django's answer: a body, or the part of a file that is the body."""

    status: int
    headers: Headers
    body: bytes
    file: "FilePart | None" = None


class FilePart(NamedTuple):
    """The bytes from `start` to `end` (not included; None: to the end) of the file at `path`."""

    path: str
    start: int
    end: int | None


class SendFile:
    """WSGI's file wrapper: remembers the file, so that the server can send it without a thread."""

    def __init__(self, file: IO[bytes] | Slice, block: int = 65536) -> None:
        self.file = file
        self._block = block

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self._block), b"")

    def close(self) -> None:
        """Close the file (Django replaces this by its response's close)."""
        self.file.close()

    def part(self) -> FilePart | None:
        """What the server is to send; None where that is no file on the disk, or one already begun."""
        if isinstance(self.file, Slice):
            return FilePart(self.file.path, self.file.start, self.file.end)
        name = getattr(self.file, "name", None)
        whole = isinstance(name, str) and self.file.tell() == 0
        return FilePart(str(name), 0, None) if whole else None


class Gate:
    """Lets so many through in a second, the others wait their turn: starting downloads is what costs."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._free_at = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        start = max(now, self._free_at)
        self._free_at = start + self._gap
        if start > now:
            await asyncio.sleep(start - now)


class Budget:
    """Bytes that a process holds for requests on their way. Crowds of slow bodies end here."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, size: int) -> None:
        """Hold `size` bytes more. Errors: `Refused` (503)."""
        if size > self._left:
            raise Refused(503, "too many large requests at once; try again later")
        self._left -= size

    def give_back(self, size: int) -> None:
        """They are held no longer."""
        self._left += size


async def read_body(scope: Any, protocol: Any, budget: Budget) -> bytes:
    """The request's body, held in `budget` (give it back). Errors: `Refused` (400, 408, 413, 503).

    A body that its client leaves unfinished ends without an error, so its length is compared; one sent
    in chunks has none, and shows by being half a JSON value.
    """
    headers = scope.headers
    if header(headers, "idempotency-key") == UNREADABLE:
        raise Refused(400, "the Idempotency-Key must be ASCII")
    length = headers.get("content-length")
    chunked = headers.get("transfer-encoding") is not None
    if not chunked and (length is None or length == "0"):
        return b""
    most = MAX_BODY if scope.path.startswith("/api/") else MAX_PAGE_BODY
    if not chunked and (not length.isdigit() or len(length) > 12 or int(length) > most):
        raise _too_large(most)
    if not chunked and int(length) <= SMALL_BODY:
        return await _read_at_once(protocol, int(length), budget)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in protocol:
                budget.take(len(chunk))
                body += chunk
                if len(body) > most:
                    raise _too_large(most)
        if not chunked and len(body) != int(length):
            raise Refused(400, TOO_SHORT)
    except BaseException as error:
        budget.give_back(len(body))
        if isinstance(error, TimeoutError):
            raise Refused(408, "the body came too slowly") from None
        raise
    return bytes(body)


async def _read_at_once(protocol: Any, length: int, budget: Budget) -> bytes:
    """A small body in one piece, which takes the loop a fraction of what its chunks do."""
    budget.take(length)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body: bytes = await protocol()
    except BaseException as error:
        budget.give_back(length)
        if isinstance(error, TimeoutError):
            raise Refused(408, "the body came too slowly") from None
        if isinstance(error, ProtocolClosed):  # the client left in its middle
            raise Refused(400, TOO_SHORT) from None
        raise
    return body


def _too_large(most: int) -> Refused:
    return Refused(413, f"the body is larger than {most >> 10} KiB")


def peer_of(scope: Any) -> str:
    """The socket's address, without port, brackets and the IPv6 form of an IPv4 address."""
    return _address_of(str(scope.client))


@lru_cache(4096)
def _address_of(client: str) -> str:
    address = client.rpartition(":")[0].strip("[]")
    return address.removeprefix("::ffff:") if "." in address else address


def header(headers: Any, name: str) -> str | None:
    """A header's value; `UNREADABLE` for one that the server hides because it is not ASCII."""
    value: str | None = headers.get(name)
    if value is None and name in headers.keys():  # noqa: SIM118  # only `keys` lists hidden ones
        return UNREADABLE
    return value


def environ(scope: Any, body: bytes) -> dict[str, Any]:
    """The request as WSGI's environment (PEP 3333)."""
    host, _, port = str(scope.server).rpartition(":")
    environment: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": peer_of(scope),
        "SERVER_NAME": host.strip("[]") or "localhost",
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": SendFile,
    }
    headers = scope.headers
    for name, value in headers.items():
        _add_header(environment, name, value)
    if "HTTP_USER_AGENT" not in environment and (agent := header(headers, "user-agent")):
        environment["HTTP_USER_AGENT"] = agent
    return environment


def _add_header(environment: dict[str, Any], name: str, value: str) -> None:
    if "_" in name or name == "content-length":
        return
    key = name.upper().replace("-", "_")
    if key != "CONTENT_TYPE":
        key = f"HTTP_{key}"
    if key in environment and key != "HTTP_HOST":
        value = f"{environment[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
    environment[key] = value


def run(handler: Callable[..., Any], environment: dict[str, Any]) -> Answer:
    """Django's answer; to be called in a thread, in which the request also ends."""
    head: list[Any] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> None:
        del exc_info
        head[:] = [int(status[:3]), headers]

    answer = handler(environment, start_response)
    try:
        if isinstance(answer, SendFile) and (part := answer.part()):
            asked = environment["REQUEST_METHOD"] != "HEAD"
            return Answer(head[0], head[1], b"", part if asked else None)
        return Answer(head[0], head[1], _collected(answer))
    finally:
        answer.close()


def _collected(parts: Iterable[bytes]) -> bytes:
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > MAX_COLLECTED:
            raise RuntimeError("large answers leave as files")
    return bytes(body)
