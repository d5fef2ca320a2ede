"""One log line for each request that Django answers, about the request and never about its sender."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from goatapi.http import metrics

SECRET = ("/verify/", "/reset/", "/join/")
"""Paths of links that were mailed: whoever reads the rest of one can use it."""

log = logging.getLogger("goatapi.request")


class RequestLogMiddleware:
    """Method, path without its query, status, milliseconds, site; the time also goes to the metrics.

    `/count` at the door is not logged.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - started
        metrics.REQUEST_SECONDS.labels(_route(request), f"{response.status_code // 100}xx").observe(
            seconds
        )
        log.info(
            "answered",
            extra={
                "method": request.method,
                "path": shown(request.path),
                "status": response.status_code,
                "milliseconds": round(seconds * 1000, 1),
                "site": getattr(getattr(request, "site", None), "id", None),
            },
        )
        return response


class WithoutSecrets(logging.Filter):
    """For Django's own records of requests that failed, whose arguments are paths."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record, without the rest of a secret path."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                shown(each) if isinstance(each, str) else each for each in record.args
            )
        return True


def shown(path: str) -> str:
    """A path as it may be written down."""
    return next((f"{start}…" for start in SECRET if path.startswith(start)), path[:200])


def _route(request: HttpRequest) -> str:
    """The route as it is written down, of which there are few; one name for all that has none."""
    match = request.resolver_match
    return f"/{match.route}" if match else "none"
