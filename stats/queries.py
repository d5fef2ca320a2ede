"""Numbers of one site. Dates are UTC days here; a visit is a first visit (part 3.9)."""

import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from storage.registry import storage

KEPT_SECONDS = 600
ALWAYS = 1 << 31
_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def visits(*, site_id: int, path: str | None, start: date | None, end: date | None) -> int:
    """Visits of a path (None: of the whole site) from `start` on and before `end`, both at 00:00 UTC.

    A path that is not known as it is written is asked for again in its clean form. The answer may
    be ten minutes old: the question is public and reads a whole site.
    """
    since, before = _hour(start, 0), _hour(end, ALWAYS)
    return _visits(site_id, path, since, before, int(time.time() // KEPT_SECONDS))


def age_seconds() -> int:
    """How old an answer of `visits` may be by now."""
    return int(time.time() % KEPT_SECONDS)


@lru_cache(10_000)
def _visits(site_id: int, path: str | None, since: int, before: int, age: int) -> int:
    del age  # a part of the cache's key, so that answers grow old
    vault = storage().vault
    found = vault.visits(site_id, path=path, since=since, before=before)
    if found or path is None:
        return found
    clean = "/" + path.strip("/")
    return vault.visits(site_id, path=clean, since=since, before=before) if clean != path else 0


def _hour(day: date | None, default: int) -> int:
    if day is None:
        return default
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH) // _HOUR
