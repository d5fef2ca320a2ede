"""Files as answers: whole or a range of them, with what a client needs to go on where it was cut off.

RFC 9110 (conditions, ranges) and RFC 9530 (`Repr-Digest`). A file leaves through WSGI's file wrapper
as a `Slice`; our web server recognises it and sends those bytes from the disk without a thread.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import parse_http_date_safe, quote_etag

from goatapi.errors import NoSuchRange, PreconditionFailed

RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,19})\s*-\s*([0-9]{0,19})", re.IGNORECASE)


class Slice:
    """The bytes from `start` to `end` (not included) of an open file, read once from front to back."""

    def __init__(self, file: IO[bytes], start: int, end: int) -> None:
        self._file = file
        self.path, self.start, self.end = str(file.name), start, end
        self._left = end - start
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Download:
    """A file that never changes, with its name for the client and its SHA-256 in hexadecimal."""

    path: Path
    name: str
    content_type: str
    sha256: str
    modified_at: datetime

    @property
    def etag(self) -> str:
        """Strong: the same bytes or none."""
        return quote_etag(self.sha256)

    @property
    def headers(self) -> dict[str, str]:
        """Those of every answer that is about the file."""
        digest = base64.b64encode(bytes.fromhex(self.sha256)).decode()
        return {
            "Accept-Ranges": "bytes",
            "Content-Disposition": f'attachment; filename="{self.name}"',
            "Content-Type": self.content_type,
            "ETag": self.etag,
            "Last-Modified": format_datetime(self.modified_at, usegmt=True),
            "Repr-Digest": f"sha-256=:{digest}:",
        }


def answer(request: HttpRequest, download: Download) -> HttpResponseBase:
    """What `request` (GET or HEAD) asks of the file.

    Errors: `FileNotFoundError`, `PreconditionFailed`, `NoSuchRange`.
    """
    with download.path.open("rb") as file:
        size = file.seek(0, 2)
    head = HttpResponse(headers=download.headers | {"Content-Length": str(size)})
    decided = get_conditional_response(
        request, download.etag, int(download.modified_at.timestamp()), head
    )
    assert decided is not None  # noqa: S101  # None is for None
    if decided.status_code == 412:
        raise PreconditionFailed
    if decided.status_code != 200 or request.method == "HEAD":
        return decided
    return _body(download, size, wanted_range(request, download, size))


def wanted_range(request: HttpRequest, download: Download, size: int) -> tuple[int, int] | None:
    """(start, end) of the one range that is asked for; None for the whole file.

    A range that makes no sense is as good as none, and so are several, and one of another version
    (`If-Range`). Errors: `NoSuchRange`.
    """
    match = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not match or match[1] == match[2] == "" or not _is_of_this_version(request, download):
        return None
    if not match[1]:  # so many from the end
        start, last = max(size - int(match[2]), 0), size - 1
    else:
        start, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < start:
            return None
    if start >= size:
        raise NoSuchRange(size)
    return start, last + 1


def _is_of_this_version(request: HttpRequest, download: Download) -> bool:
    condition = request.headers.get("If-Range", "").strip()
    if not condition or condition.startswith(('"', "W/")):
        return condition in ("", download.etag)
    return parse_http_date_safe(condition) == int(download.modified_at.timestamp())


def _body(download: Download, size: int, span: tuple[int, int] | None) -> FileResponse:
    start, end = span or (0, size)
    headers = download.headers | {"Content-Length": str(end - start)}
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    file = Slice(download.path.open("rb"), start, end)
    response = FileResponse(file, status=206 if span else 200, filename=download.name)
    for name, value in headers.items():
        response[name] = value
    return response
