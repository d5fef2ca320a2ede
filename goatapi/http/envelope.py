"""One mouth for errors: `error` xor `errors`, JSON under /api whatever was asked for.

Sources: the API contract ("Errors"), part 0.2 of the behaviour page.
"""

import logging
import sys
import zlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import quote

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.html import escape
from rest_framework import exceptions, renderers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from goatapi import errors
from goatapi.http import metrics
from goatapi.http.body import bounded_body, decode_json
from goatapi.http.log import shown
from goatapi.http.outage import DATABASE, is_away

JSON_TYPE = "application/json; charset=utf-8"
DATABASE_AWAY = (OperationalError, InterfaceError)
AWAY: "Known" = 503, {"error": "the database does not answer"}, {"Retry-After": "2"}
BUSY: "Known" = 503, {"error": "the database is too busy; please try again"}, {"Retry-After": "2"}
NO_DOCUMENT = ("", "application/x-www-form-urlencoded", "multipart/form-data")
"""Content types that clients put on requests without a body."""

log = logging.getLogger("goatapi")


class ContractJSONRenderer(renderers.JSONRenderer):
    """The contract's success form: two blanks of indentation, a newline, `<>&` escaped (part 0.4)."""

    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """`data` as bytes; nothing at all for None."""
        return b"" if data is None else dump(data)


class ContractJSONParser(BaseParser):
    """Reads any body as the contract's JSON: the content type was checked before."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body's value; `{}` for an empty body."""
        assert parser_context is not None  # noqa: S101  # DRF gives it always
        return decode_json(bounded_body(parser_context["request"]._request))


class AlwaysJSON(BaseContentNegotiation):
    """JSON whatever `Accept` says: an error must never come as a page (weak point W34)."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The one parser."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        """The first renderer, its own media type."""
        return renderers[0], renderers[0].media_type


def dump(data: Any) -> bytes:
    """`data` in the contract's JSON form."""
    text = msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n"
    return text.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")


def handle(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: every expected refusal in the envelope; None lets the bug through."""
    del context
    known = _known(exception)
    if known is None:
        return None
    status, body, headers = known
    return Response(body, status=status, headers=headers)


class EnvelopeMiddleware:
    """Puts what happens outside of DRF (unknown routes, crashes) under /api into the same form.

    Also the trailing slash: redirected to the path without it (part 0.1, step 5).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if len(request.path) > 1 and request.path.endswith("/"):
            return _without_slash(request)
        if DATABASE.lasts() and request.path.startswith("/api/"):
            return answer(request, *AWAY)
        refusal = _wrong_type(request)
        return refusal or self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        """Every exception of a view that DRF did not answer."""
        known = _known(exception)
        if known is None:
            log.error("unexpected error in %s", shown(request.path), exc_info=exception)
            known = 500, {"error": unexpected(exception)}, {}
        status, body, headers = known
        return answer(request, status, body, headers)


def answer(
    request: HttpRequest, status: int, body: Mapping[str, Any], headers: Mapping[str, str]
) -> HttpResponse:
    """A refusal outside of DRF: JSON under /api and for `.json`, a small page elsewhere."""
    if f"{request.path}/".startswith("/api/") or request.path.endswith(".json"):
        return HttpResponse(dump(body), status=status, content_type=JSON_TYPE, headers=headers)
    text = body.get("error") or "; ".join(f"{k}: {', '.join(v)}" for k, v in body["errors"].items())
    title = f"{status} {HTTPStatus(status).phrase}"
    page = (
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f"<h1>{title}</h1><p>{escape(text)}</p></html>\n"
    )
    return HttpResponse(page, status=status, headers=headers)


def unexpected(exception: BaseException) -> str:
    """The text of a 500: a code that finds the log entry, and nothing of the cause."""
    code = _base36(zlib.crc32(repr(exception).encode()))
    return f"unexpected error code ‘{code}’; this has been reported for investigation"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    del exception
    return answer(request, 404, {"error": "not found"}, {})


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: only reached when middleware itself fails, which asks the database too."""
    failure = sys.exc_info()[1]
    if isinstance(failure, DATABASE_AWAY):
        return answer(request, *_away(failure))
    return answer(request, 500, {"error": unexpected(RuntimeError(request.path))}, {})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400 (a malformed Host, for instance)."""
    return answer(request, 400, {"error": str(exception) or "bad request"}, {})


Known = tuple[int, dict[str, Any], dict[str, str]]


def _known(exception: Exception) -> Known | None:
    if isinstance(exception, errors.Invalid):
        return 400, {"errors": exception.errors}, exception.extra
    if isinstance(exception, errors.GoatapiError):
        return exception.status, {"error": exception.message}, _headers(exception)
    if isinstance(exception, Http404):
        return 404, {"error": "not found"}, {}
    if isinstance(exception, PermissionDenied):
        return 403, {"error": str(exception) or "forbidden"}, {}
    if isinstance(exception, exceptions.APIException):
        return _from_drf(exception)
    return _away(exception) if isinstance(exception, DATABASE_AWAY) else None


def _away(exception: BaseException) -> Known:
    """The database is away, or too busy for this request in time: nothing is wrong with the request."""
    if not is_away(exception):
        metrics.DATABASE_BUSY.inc()
        log.error("the database took too long: %r", exception)
        return BUSY
    if not DATABASE.lasts():
        metrics.DATABASE_OUTAGES.inc()
    DATABASE.begin()
    log.error("the database does not answer: %r", exception)
    return AWAY


def _headers(exception: errors.GoatapiError) -> dict[str, str]:
    if isinstance(exception, errors.Unauthenticated):
        return {"WWW-Authenticate": "Basic realm=GoatCounter"}
    if isinstance(exception, errors.Unavailable | errors.TooMany):
        return {"Retry-After": str(exception.retry_after)}
    if isinstance(exception, errors.NoSuchRange):
        return {"Content-Range": f"bytes */{exception.size}"}
    return {}


def _from_drf(exception: exceptions.APIException) -> Known:
    if isinstance(exception, exceptions.MethodNotAllowed):
        return 405, {"error": "method not allowed"}, {}
    if isinstance(exception, exceptions.ValidationError) and isinstance(exception.detail, dict):
        return 400, {"errors": {k: _texts(v) for k, v in exception.detail.items()}}, {}
    return exception.status_code, {"error": str(exception.detail)}, {}


def _texts(detail: Any) -> list[str]:
    return [str(text) for text in detail] if isinstance(detail, list) else [str(detail)]


def _without_slash(request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    # Quoted, with one leading slash: `//host`, `/\\host` and `/<tab>/host` would leave this site.
    target = "/" + quote(request.path.strip("/\\ \t\r\n"), safe="/~:@!$&'()*+,;=")
    response = HttpResponse(status=301, content_type=JSON_TYPE)
    response["Location"] = f"{target}?{query}" if query else target
    return response


def _wrong_type(request: HttpRequest) -> HttpResponse | None:
    """415 for a body that does not say it is JSON (contract, decision 5).

    Without a body the type does not matter, but for one that says there is a document (part 1.1).
    """
    if not request.path.startswith("/api/") or request.content_type == "application/json":
        return None
    if not request.body and (request.method == "GET" or request.content_type in NO_DOCUMENT):
        return None
    text = f'unable to handle Content-Type "{request.headers.get("Content-Type", "")}"'
    return answer(request, 415, {"error": text}, {})


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text or "0"
