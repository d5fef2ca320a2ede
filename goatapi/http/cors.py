"""Cross-origin access: the API is for any origin, by key and never by cookie."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
EXPOSED = (
    "X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Reset, Retry-After, "
    "X-Goatcounter-Filter, X-Goatapi-Warning, ETag, Content-Disposition, Location, "
    "Accept-Ranges, Content-Length, Content-Range, Repr-Digest"
)


class CorsMiddleware:
    """Answers preflights under /api and opens API answers to scripts of every origin.

    No credentials are allowed: the API knows no cookies (GoatCounter's `*` with credentials, W43,
    is refused by browsers anyway).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(("/api/", "/counter/")):
            return self.get_response(request)
        response = _preflight() if request.method == "OPTIONS" else self.get_response(request)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = EXPOSED
        return response


def _preflight() -> HttpResponse:
    response = HttpResponse(status=200, content_type="application/json")
    response["Access-Control-Allow-Methods"] = METHODS
    response["Access-Control-Allow-Headers"] = (
        "Authorization, Content-Type, Idempotency-Key, X-Goatcounter-Import, "
        "If-Match, If-None-Match, If-Range, Range"
    )
    response["Access-Control-Max-Age"] = "600"
    return response
