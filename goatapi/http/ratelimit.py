"""Limits under /api: one bucket per class and per key (or address), three headers on every answer.

Source: the API contract, "Rate limit" and decision 4. Counted before anything is authenticated,
in the store that all processes share. A store that is down lets the request pass and says so.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string
from django_ratelimit.core import get_usage

from goatapi.http import metrics
from goatapi.http.client_ip import client_ip, subscriber
from goatapi.http.envelope import answer
from goatapi.http.outage import LIMITS

log = logging.getLogger("goatapi.ratelimit")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request found in its bucket; `reset` in whole seconds until it is full again."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """The contract's three, and Retry-After on a refusal."""
        shown = {
            "X-Rate-Limit-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "X-Rate-Limit-Reset": str(self.reset),
        }
        return shown | ({"Retry-After": str(self.reset)} if self.exceeded else {})


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request is counted for, and their own limit as (requests, seconds), if they have one."""

    name: str
    rate: tuple[int, int] | None = None


class RateLimitMiddleware:
    """Refuses with 429 over the limit of the caller, or else of the request's class."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.who: Callable[[HttpRequest], Caller | None] = import_string(settings.RATELIMIT_WHO)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        usage = self._usage(request) if request.path.startswith("/api/") else None
        if usage is None:
            return self.get_response(request)
        if usage.exceeded:
            text = f"rate limited exceeded; try again in {usage.reset}s"
            response: HttpResponseBase = answer(request, 429, {"error": text}, {})
        else:
            response = self.get_response(request)
        for name, value in usage.headers().items():
            response[name] = value
        return response

    def _usage(self, request: HttpRequest) -> Usage | None:
        name = class_of(request.path)
        caller = self.who(request)
        rate = caller.rate if caller and caller.rate else settings.ENVIRONMENT.ratelimit.get(name)
        if rate is None:
            return None
        who = caller.name if caller else address_of(request)
        usage = None if LIMITS.lasts() else _asked(request, name, rate, who)
        if usage is None:
            metrics.LIMITER_FAILURES.labels(name).inc()
        return usage


def _asked(request: HttpRequest, name: str, rate: tuple[int, int], who: str) -> Usage | None:
    try:
        return take(request, name=name, rate=rate, who=who)
    except Exception:  # noqa: BLE001  # any failure of any store: the request passes
        LIMITS.begin()
        log.warning("the rate limit store does not answer: %s passes unlimited", name)
        return None


def class_of(path: str) -> str:
    """The limit's class of an API path."""
    return "api-count" if path.rstrip("/") == "/api/v0/count" else "api"


def address_of(request: HttpRequest) -> str:
    """The bucket of a request without a good key."""
    return f"ip:{subscriber(ip_of(request))}"


def ip_of(request: HttpRequest) -> str:
    """The address that a request comes from."""
    meta = request.META
    return client_ip(
        meta.get("REMOTE_ADDR", ""),
        meta.get("HTTP_X_FORWARDED_FOR", ""),
        settings.ENVIRONMENT.trusted_proxies,
    )


def take(request: HttpRequest, *, name: str, rate: tuple[int, int], who: str) -> Usage | None:
    """Count one request of `who` in class `name`; None when the store gives no answer."""
    site = getattr(request, "site", None)
    bucket = f"{getattr(site, 'account_id', 0)}|{who}"
    usage = get_usage(
        request, group=name, key=lambda _group, _request: bucket, rate=rate, increment=True
    )
    if usage is None:
        return None
    return Usage(
        limit=usage["limit"],
        remaining=max(0, usage["limit"] - usage["count"]),
        reset=max(1, usage["time_left"]),
        exceeded=usage["should_limit"],
    )
