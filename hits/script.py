"""`/count.js`: the script that pages embed. A file of ours, held in memory in both its forms (part 4.1)."""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

FILE = Path(__file__).resolve().parent.parent / "static" / "count.js"

OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
FROZEN = (
    "count.v{version}.js is a frozen script of GoatCounter, which is not served here: "
    "embed /count.js, without an integrity attribute\n"
)


class Form(NamedTuple):
    """The script's bytes as they are sent, and their strong ETag."""

    body: bytes
    etag: str


@cache
def form(*, zipped: bool) -> Form:
    """The script plain or compressed; read once for the life of the process."""
    body = FILE.read_bytes()
    if zipped:
        body = gzip.compress(body, 9, mtime=0)
    return Form(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


@require_safe
def count_js(request: HttpRequest) -> HttpResponseBase:
    """The script for any page of any origin; 304 for those who have it."""
    zipped = takes_gzip(request.headers.get("Accept-Encoding", ""))
    body, etag = form(zipped=zipped)
    whole = HttpResponse(body, content_type="text/javascript; charset=utf-8")
    whole["Cache-Control"] = "public, max-age=604800"
    whole["ETag"] = etag
    whole["Vary"] = "Accept-Encoding"
    response = get_conditional_response(request, etag=etag, response=whole) or whole
    for name, value in OPEN_TO_ALL.items():
        response[name] = value
    if zipped and not isinstance(response, HttpResponseNotModified):
        response["Content-Encoding"] = "gzip"
    return response


@require_safe
def frozen(request: HttpRequest, version: int) -> HttpResponse:
    """404 for `/count.vN.js`: pages pin its very bytes, and those are not ours to give."""
    del request
    text = FROZEN.format(version=version)
    return HttpResponse(
        text, status=404, content_type="text/plain; charset=utf-8", headers=OPEN_TO_ALL
    )


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client's Accept-Encoding names gzip and does not forbid it by `q=0`."""
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if name in ("gzip", "x-gzip"):
            return weight.strip("0.") != "" or not weight
    return False
