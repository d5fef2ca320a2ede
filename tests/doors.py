"""The two ways into `/count`: plain Django, and the web server's callable in front of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hits import runtime
from sites.directory import directory
from tests.client import Client

PEER = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, by either door; header names in lower case."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    def __getitem__(self, name: str) -> str:
        return self.headers[name.lower()]

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.headers


Door = Callable[[str, str, str, dict[str, str]], Reply]
"""(method, host, path with query, headers) → the answer."""


def by_django(method: str, host: str, target: str, headers: dict[str, str]) -> Reply:
    """As `runserver`, or any WSGI server, would ask."""
    answer = Client(raise_request_exception=False).generic(
        method, target, headers=headers, SERVER_NAME=host, REMOTE_ADDR=PEER
    )
    shown = {name.lower(): value for name, value in answer.headers.items()}
    return Reply(answer.status_code, shown, answer.getvalue())


def by_rsgi(
    method: str, host: str, target: str, headers: dict[str, str], *, application: Any = None
) -> Reply:
    """As granian asks the callable, without granian.

    Threads and the loop see nothing of a test's transaction, so what the door remembers of the database
    is looked up before: the site, the salts.
    """
    directory().find(host)
    runtime.visitors().refresh()
    from goatapi.rsgi import Application  # noqa: PLC0415  # makes Django's handler

    application = application or Application()
    application._pool = Inline()  # an executor all the same
    path, _, query = target.partition("?")
    given = {"host": host} | {name.lower(): value for name, value in headers.items()}
    protocol = Protocol()
    asyncio.run(application.__rsgi__(Scope(method, path, query, given), protocol))
    assert protocol.reply is not None
    return protocol.reply


DOORS: dict[str, Door] = {"django": by_django, "rsgi": by_rsgi}


class Inline(Executor):
    """Runs what it is given at once."""

    def submit(self, fn: Any, /, *arguments: Any, **named: Any) -> "Future[Any]":
        """The result, or the error."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*arguments, **named))
        except BaseException as error:  # noqa: BLE001  # handed on by the future
            future.set_exception(error)
        return future


class Headers(dict[str, str]):
    """RSGI's headers, as far as they are asked."""

    def get_all(self, name: str) -> list[str]:
        """Every value of a name."""
        return [self[name]] if name in self else []


class Scope:
    """RSGI's request."""

    def __init__(self, method: str, path: str, query: str, headers: dict[str, str]) -> None:
        self.method, self.path, self.query_string = method, path, query
        self.headers = Headers(headers)
        self.client, self.server, self.scheme = f"{PEER}:40000", "127.0.0.1:8000", "http"


class Protocol:
    """RSGI's other end; keeps the answer."""

    def __init__(self) -> None:
        self.reply: Reply | None = None

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """An answer with a body."""
        self.reply = Reply(status, {name.lower(): value for name, value in headers}, body)

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        """An answer without."""
        self.response_bytes(status, headers, b"")

    def response_file(self, status: int, headers: list[tuple[str, str]], file: str) -> None:
        """A whole file from the disk."""
        self.response_bytes(status, headers, Path(file).read_bytes())

    def response_file_range(
        self, status: int, headers: list[tuple[str, str]], file: str, start: int, end: int
    ) -> None:
        """A part of one; `end` is not in it."""
        self.response_bytes(status, headers, Path(file).read_bytes()[start:end])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""
