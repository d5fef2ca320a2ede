"""`/api.json` and `/api.openapi.json`: the API's description, for programs; the same on every host."""

import hashlib
import json
from functools import cache

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from rest_framework.exceptions import MethodNotAllowed

from goatapi.http.openapi2 import swagger
from goatapi.http.schema import Document, openapi_30, openapi_31

JSON_TYPE = "application/json"
FRESH_SECONDS = 3600


def api_json(request: HttpRequest) -> HttpResponseBase:
    """OpenAPI 2.0, as GoatCounter's path of this name."""
    return _answer(request, swagger_text())


def api_openapi_json(request: HttpRequest) -> HttpResponseBase:
    """OpenAPI 3.1, which says what 2.0 can not."""
    return _answer(request, openapi_text())


@cache
def swagger_text() -> bytes:
    """What `/api.json` holds."""
    return _text(swagger(openapi_30())[0])


@cache
def openapi_text() -> bytes:
    """What `/api.openapi.json` holds."""
    return _text(openapi_31())


def _text(document: Document) -> bytes:
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()


def _answer(request: HttpRequest, text: bytes) -> HttpResponseBase:
    """Tools on other sites may load it: there is nothing in it that is anybody's own."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(str(request.method))
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag",
        "Cache-Control": f"public, max-age={FRESH_SECONDS}",
        "ETag": quote_etag(hashlib.sha256(text).hexdigest()),
    }
    response = HttpResponse(text, content_type=JSON_TYPE, headers=headers)
    decided = get_conditional_response(request, headers["ETag"], response=response)
    assert decided is not None  # noqa: S101  # None is for None
    decided["Access-Control-Allow-Origin"] = "*"  # a 304 is made anew
    return decided
