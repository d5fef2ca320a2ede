"""Which site a host is, remembered for a moment: a change is seen everywhere within one second.

An entry younger than 0.5 s is served; up to 1 s it is served while the database is asked behind its
back; older, the answer of the database is waited for. When the database does not answer, the last
known site is served however old it is, so that hits go on being accepted.

All questions go through a small pool, one at a time for each key: a request never hangs in the
database driver itself, and a crowd that finds an entry too old asks once.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import ParamSpec, TypeVar

from goatapi import errors
from sites.tenancy import SiteRef, normalise_host

log = logging.getLogger("goatapi.sites")

FRESH = 0.5
"""Seconds that an entry is served without a question."""

CURRENT = 1.0
"""Seconds after which a change must be seen."""

PATIENCE = 0.5
"""Seconds to wait for the database while there is an old entry to serve instead."""

LONG_PATIENCE = 5.0
"""Seconds to wait for the database when there is nothing to serve."""

MAX_FLIGHTS = 1000
"""Questions under way or queued; more come only from a flood of invented hosts."""

Key = str | int
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Entry:
    site: SiteRef | None
    asked_at: float


class SiteDirectory:
    """Site by host and by id, cached; safe to use from any thread.

    `load` asks the database: a normalised host or a site id → the active site or None, or any
    error when there is no answer. Sites and unknown keys are kept apart, `size` of each at most:
    hosts are invented by whoever sends the request and must not push out real ones.
    """

    def __init__(
        self,
        load: Callable[[Key], SiteRef | None],
        *,
        pool: Executor,
        clock: Callable[[], float] = time.monotonic,
        size: int = 10_000,
    ) -> None:
        self._load, self._pool, self._clock, self._size = load, pool, clock, size
        self._lock = Lock()
        self._known: OrderedDict[Key, _Entry] = OrderedDict()
        self._unknown: OrderedDict[Key, _Entry] = OrderedDict()
        self._spelled: dict[str, _Entry] = {}
        self._flights: dict[Key, Future[SiteRef | None]] = {}
        self._trouble_until = float("-inf")

    def find(self, host: str) -> SiteRef | None:
        """The site at a Host header, waiting for the database if need be.

        Errors: `errors.Unavailable` when there is neither an answer nor an old entry.
        """
        return self._find(normalise_host(host))

    def by_id(self, site_id: int) -> SiteRef | None:
        """The active site with this id. Errors: as `find`."""
        return self._find(site_id)

    def peek(self, host: str) -> tuple[bool, SiteRef | None]:
        """(may be served, site) from memory; what is getting old is asked for in the background.

        After (False, …) the caller goes on with `find` in a thread, or awaits `ask`.
        """
        entry = self._spelled.get(host)
        if entry and self._clock() - entry.asked_at < FRESH:
            return True, entry.site
        key = normalise_host(host)
        self._remember_spelling(host, key)
        return self._peek(key)

    def ask(self, host: str) -> "Future[SiteRef | None]":
        """The question to the database that is under way for this host, begun if there is none.

        For `asyncio.wrap_future`; `find` afterwards no longer waits. Errors: as `find`.
        """
        return self._ask(normalise_host(host))

    def clear(self) -> None:
        """Forget everything, for tests."""
        with self._lock:
            self._known.clear()
            self._unknown.clear()
            self._spelled.clear()
            self._trouble_until = float("-inf")

    def _remember_spelling(self, host: str, key: str) -> None:
        """The header as it came leads to the site: nearly every `/count` of a half second goes this way."""
        if len(self._spelled) >= self._size:
            self._spelled.clear()
        if entry := self._known.get(key):
            self._spelled[host] = entry

    def _peek(self, key: Key) -> tuple[bool, SiteRef | None]:
        if key == "":
            return True, None
        now = self._clock()
        entry = self._entry(key)
        if entry is None:
            return False, None
        age = now - entry.asked_at
        if age >= FRESH:
            self._ask_quietly(key)
        return age < CURRENT or now < self._trouble_until, entry.site

    def _find(self, key: Key) -> SiteRef | None:
        served, site = self._peek(key)
        if served:
            return site
        old = self._entry(key)
        hurry = old or self._clock() < self._trouble_until
        try:
            return self._ask(key).result(PATIENCE if hurry else LONG_PATIENCE)
        except Exception as error:  # noqa: BLE001  # whatever keeps the database from answering
            self._note_trouble(error)
            if old:
                return old.site
        raise errors.Unavailable("the database does not answer", retry_after=1)

    def _entry(self, key: Key) -> _Entry | None:
        with self._lock:
            shelf = self._known if key in self._known else self._unknown
            if key in shelf:
                shelf.move_to_end(key)
            return shelf.get(key)

    def _ask(self, key: Key) -> "Future[SiteRef | None]":
        with self._lock:
            if flight := self._flights.get(key):
                return flight
            if len(self._flights) >= MAX_FLIGHTS:
                raise errors.Unavailable("too many new hosts at once", retry_after=1)
            flight = self._flights[key] = Future()
        # Outside of the lock: a pool without threads runs the question right here.
        self._pool.submit(self._fly, key, flight)
        return flight

    def _ask_quietly(self, key: Key) -> None:
        try:
            self._ask(key)
        except errors.Unavailable:
            log.warning("too many questions are waiting for the database")

    def _fly(self, key: Key, flight: "Future[SiteRef | None]") -> None:
        # Before the question: the answer may be a change behind as soon as it was read.
        asked_at = self._clock()
        try:
            site = self._load(key)
        except Exception as error:  # noqa: BLE001  # handed to those who wait
            self._note_trouble(error)
            self._land(key)
            flight.set_exception(error)
        else:
            self._land(key, _Entry(site, asked_at))
            flight.set_result(site)

    def _land(self, key: Key, entry: _Entry | None = None) -> None:
        """The question is over; `entry` is its answer, if there was one."""
        with self._lock:
            del self._flights[key]
            if entry is None:
                return
            self._trouble_until = float("-inf")
            shelf, other = (
                (self._known, self._unknown) if entry.site else (self._unknown, self._known)
            )
            other.pop(key, None)
            shelf[key] = entry
            shelf.move_to_end(key)
            if len(shelf) > self._size:
                shelf.popitem(last=False)

    def _note_trouble(self, error: Exception) -> None:
        """For the next second nobody waits who has an old entry to serve."""
        now = self._clock()
        with self._lock:
            first, self._trouble_until = now >= self._trouble_until, now + CURRENT
        if first:
            log.warning("sites are served from memory, the database does not answer: %r", error)


class InlinePool(Executor):
    """A pool without threads, which asks in the caller's own: for tests inside a transaction."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        """Run `fn` now."""
        future: Future[R] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@cache
def directory() -> SiteDirectory:
    """This process's directory over the database.

    Setting SITES_THREADS: how many threads ask; with 0 the caller's own does.
    """
    from django.conf import settings  # noqa: PLC0415  # the class above needs no Django

    threads = getattr(settings, "SITES_THREADS", 2)
    if not threads:
        return SiteDirectory(_ask_database, pool=InlinePool())
    return SiteDirectory(_ask_twice, pool=ThreadPoolExecutor(threads, "site-directory"))


def _ask_database(key: Key) -> SiteRef | None:
    from sites import queries  # noqa: PLC0415  # models need the app registry

    return queries.site_by_host(key) if isinstance(key, str) else queries.site_by_id(key)


def _ask_twice(key: Key) -> SiteRef | None:
    """A pool's thread keeps its connection, which may have died since the last question."""
    from django.db import Error, close_old_connections  # noqa: PLC0415  # see `directory`

    try:
        return _ask_database(key)
    except Error:
        close_old_connections()
        return _ask_database(key)
