"""The rate limit of a single key: in place of its class's, for counting and for everything else alike.

The limiter counts before anything is authenticated and must be quick, so what it knows of a key is
remembered for a minute. The gate that comes after it sees the key's row: what differs there is
forgotten, so a changed limit holds from the second request on.
"""

import time
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _

from goatapi.env import KEY
from goatapi.http.ratelimit import Caller
from sites import queries
from sites.models import ApiKey

Rate = tuple[int, int]
"""Requests, and the seconds in which there may be so many."""

MOST_REQUESTS, LONGEST_SECONDS = 1_000_000, 86_400


def caller(*, account_id: int, digest: bytes) -> Caller | None:
    """Whom a request with this key is counted for; None for a key that the account has not."""
    return _remembered(account_id, digest, _minute())


def notice(key: ApiKey) -> None:
    """Have the next request counted by what the row says now."""
    if _remembered(key.account_id, bytes(key.digest), _minute()) != _caller(key.pk, key.limit):
        _remembered.cache_clear()


def ceiling() -> Rate | None:
    """The most that a key may be given on this server; None for no end."""
    most: Rate | None = settings.ENVIRONMENT.ratelimit.get(KEY)
    return most


def problem(limit: Rate | None) -> str | None:
    """What is wrong with a limit that somebody wants to set, in a sentence."""
    if limit is None:
        return None
    requests, seconds = limit
    if not (1 <= requests <= MOST_REQUESTS and 1 <= seconds <= LONGEST_SECONDS):
        text = _("a limit is 1 to %(requests)s requests in 1 to %(seconds)s seconds")
        return text % {"requests": f"{MOST_REQUESTS:,}", "seconds": f"{LONGEST_SECONDS:,}"}
    most = ceiling()
    if most and not _within(limit, most):
        text = _("this server allows a key at most %(requests)d requests in %(seconds)d seconds")
        return text % {"requests": most[0], "seconds": most[1]}
    return None


def in_force(limit: Rate | None) -> Rate | None:
    """What holds of a limit: the operator may have lowered the ceiling since it was set."""
    most = ceiling()
    return most if limit and most and not _within(limit, most) else limit


def _within(limit: Rate, most: Rate) -> bool:
    """No more at once, and no more in the long run."""
    return limit[0] <= most[0] and limit[0] * most[1] <= most[0] * limit[1]


@lru_cache(10_000)
def _remembered(account_id: int, digest: bytes, minute: int) -> Caller | None:
    del minute  # a part of the cache's key, so that answers age
    found = queries.key_and_limit(account_id=account_id, digest=digest)
    return _caller(*found) if found else None


def _caller(key_id: int, limit: Rate | None) -> Caller:
    return Caller(f"key:{key_id}", in_force(limit))


def _minute() -> int:
    return int(time.monotonic() // 60)
