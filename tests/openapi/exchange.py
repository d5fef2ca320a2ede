"""One request and its answer, whoever made them: the form in which they are held against the description."""

import http.client
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx


@dataclass(frozen=True, slots=True)
class Exchange:
    """Header names are in lower case; `sent` and `body` are as they were on the wire.

    `body` is None where nobody has read it: a file on its way.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    asked: dict[str, str]
    sent: bytes
    status: int
    told: dict[str, str]
    body: bytes | None

    @property
    def is_json(self) -> bool:
        """Whether the answer says so."""
        return media_type(self.told) == "application/json"


def media_type(headers: Mapping[str, str]) -> str:
    """The content type without its parameters; '' for none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def from_django(reply: Any) -> Exchange:
    """An answer of Django's test client."""
    request = reply.wsgi_request
    return Exchange(
        method=request.method,
        path=request.path,
        query=parse_qsl(request.META.get("QUERY_STRING", ""), keep_blank_values=True),
        asked=lower(request.headers.items()),
        sent=request.body,
        status=reply.status_code,
        told=lower(reply.headers.items()),
        body=None if reply.streaming else reply.content,
    )


def from_httpx(reply: httpx.Response) -> Exchange:
    """An answer of httpx, whose body is read only where it is JSON."""
    url, told = reply.request.url, lower(reply.headers.items())
    return Exchange(
        method=reply.request.method,
        path=url.path,
        query=parse_qsl(url.query.decode(), keep_blank_values=True),
        asked=lower(reply.request.headers.items()),
        sent=reply.request.read(),
        status=reply.status_code,
        told=told,
        body=reply.read() if media_type(told) == "application/json" else None,
    )


def from_wire(
    *,
    method: str,
    target: str,
    asked: Mapping[str, str],
    sent: bytes,
    status: int,
    told: Iterable[tuple[str, str]],
    body: bytes | None,
) -> Exchange:
    """What was written and read by hand; `target` is the path with its query."""
    parts = urlsplit(target)
    return Exchange(
        method=method,
        path=unquote(parts.path),
        query=parse_qsl(parts.query, keep_blank_values=True),
        asked=lower(asked.items()),
        sent=sent,
        status=status,
        told=lower(told),
        body=body,
    )


def from_bytes(head: bytes, sent: bytes, answer: bytes) -> Exchange:
    """A request's head and body and an answer, all of it as bytes of a connection."""
    first, _, rest = head.partition(b"\r\n")
    method, target, _ = first.decode("latin-1").split(" ")
    asked = dict(http.client.parse_headers(io.BytesIO(rest)).items())
    reply = http.client.HTTPResponse(_Socket(answer), method=method)  # type: ignore[arg-type]  # all it asks for
    reply.begin()
    told = reply.getheaders()
    return from_wire(
        method=method,
        target=target,
        asked=asked,
        sent=sent,
        status=reply.status,
        told=told,
        body=reply.read(),
    )


def lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names in lower case."""
    return {name.lower(): value for name, value in headers}


class _Socket:
    """As much of a socket as http.client reads an answer from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, mode: str) -> io.BytesIO:
        """The answer as a file."""
        return io.BytesIO(self._content)
