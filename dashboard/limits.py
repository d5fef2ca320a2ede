"""The limits `login` and `mail`: tries by address and by e-mail, in the store that all processes share.

Across tenants, unlike the API's: a guesser must not get a new window on every host.
"""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from goatapi.http import metrics
from goatapi.http.ratelimit import address_of
from sites.models import tidy_email

log = logging.getLogger("goatapi.ratelimit")


STRICT = (10, 900)
"""Tries and seconds where six digits are guessed: so a code is guessed in decades."""


def seconds_to_wait(
    request: HttpRequest, *, form: str, also: Sequence[str] = (), strict: bool = False
) -> int:
    """Count one try at this form, by the client's address and by each name in `also`; 0: go on.

    `strict`: those names have no more than `STRICT`, however wide the limit is.
    An address that is over its limit counts for no names: it could lock them all, or fill the store until
    that forgets the windows of others. A store that is down lets people in and says so.
    """
    return _wait(request, "login", [f"{form}|{address_of(request)}"]) or _wait(
        request, "login", [f"{form}|{who}" for who in also], strict=strict
    )


def mailed_too_often(request: HttpRequest, *, to: str, form: str = "any") -> bool:
    """Count one mail that a stranger has us send to this mailbox; whether it is one too many.

    `form` has a window of its own: who floods a mailbox with others must not keep its owner from this one.
    """
    return _wait(request, "mail", [f"{form}|email:{_mailbox(tidy_email(to))}"]) > 0


def _mailbox(email: str) -> str:
    """Where it ends up: `ann+anything@` is Ann's, with most providers."""
    name, at, domain = email.rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{domain}"


def _wait(request: HttpRequest, limit: str, buckets: Sequence[str], *, strict: bool = False) -> int:
    rate = settings.ENVIRONMENT.ratelimit.get(limit)
    if rate is None:
        return 0
    if strict:
        rate = (min(rate[0], STRICT[0]), max(rate[1], STRICT[1]))
    try:
        return max((_count(request, limit, bucket, rate) for bucket in buckets), default=0)
    except Exception:  # noqa: BLE001  # any failure of any store
        metrics.LIMITER_FAILURES.labels(limit).inc()
        log.warning("the rate limit store does not answer: %s passes unlimited", limit)
        return 0


def _count(request: HttpRequest, limit: str, bucket: str, rate: tuple[int, int]) -> int:
    usage = get_usage(
        request, group=limit, key=lambda _group, _request: bucket, rate=rate, increment=True
    )
    return max(1, usage["time_left"]) if usage and usage["should_limit"] else 0
