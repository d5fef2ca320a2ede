"""The limit `login`: tries by address and by e-mail, in the store that all processes share.

Across tenants, unlike the API's: a guesser must not get a new window on every host.
"""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from goatapi.http import metrics
from goatapi.http.ratelimit import address_of

log = logging.getLogger("goatapi.ratelimit")


def seconds_to_wait(request: HttpRequest, *, form: str, also: Sequence[str] = ()) -> int:
    """Count one try at this form, by the client's address and by each name in `also`; 0: go on.

    A store that is down lets people in and says so.
    """
    rate = settings.ENVIRONMENT.ratelimit.get("login")
    if rate is None:
        return 0
    try:
        return max(_count(request, f"{form}|{who}", rate) for who in (address_of(request), *also))
    except Exception:  # noqa: BLE001  # any failure of any store
        metrics.LIMITER_FAILURES.labels("login").inc()
        log.warning("the rate limit store does not answer: login passes unlimited")
        return 0


def _count(request: HttpRequest, bucket: str, rate: tuple[int, int]) -> int:
    usage = get_usage(
        request, group="login", key=lambda _group, _request: bucket, rate=rate, increment=True
    )
    return max(1, usage["time_left"]) if usage and usage["should_limit"] else 0
