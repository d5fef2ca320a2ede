"""One log line for each request that Django answers, about the request and never about its sender."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

log = logging.getLogger("goatapi.request")


class RequestLogMiddleware:
    """Method, path without its query, status, milliseconds, site. `/count` at the door is not logged."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        log.info(
            "answered",
            extra={
                "method": request.method,
                "path": request.path[:200],
                "status": response.status_code,
                "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                "site": getattr(getattr(request, "site", None), "id", None),
            },
        )
        return response
