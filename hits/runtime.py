"""The process's one journal, and the parts that share it. Made on first use, after any fork."""

import logging
import threading
import time
from functools import cache

from django.conf import settings

from goatapi.env import host_id
from goatapi.errors import Unavailable
from hits import records
from hits.batch import Reader
from hits.door import Door
from hits.geo import Locator, open_locator
from hits.journal import Journal
from hits.records import Frame
from hits.tallies import Tallies
from hits.visitors import REFRESH_SECONDS, Visitors
from hits.window import FloodWindow
from storage.registry import storage

log = logging.getLogger("goatapi.hits")


@cache
def journal() -> Journal:
    """This process's writer."""
    environment = settings.ENVIRONMENT
    return Journal(
        environment.data_dir / "journal",
        host=host_id(environment.data_dir),
        mode=environment.journal,
        max_bytes=environment.journal_max,
    )


@cache
def locator() -> Locator:
    """Addresses to countries, by GEOIP_DB or the built-in table."""
    return open_locator(settings.ENVIRONMENT.geoip_db or None)


def country_of(ip: str) -> str:
    """The country of an address as ISO 3166-1, without a region; '' if unknown."""
    return locator().locate(ip)[:2]


@cache
def visitors() -> Visitors:
    """The hashes of visitors."""
    return Visitors(lambda: storage().ledger.salts(now=int(time.time())))


@cache
def tallies() -> Tallies:
    """What was not counted, waiting to be journaled."""
    return Tallies()


@cache
def door() -> Door:
    """The one room behind every `/count`."""
    return Door(
        journal=journal(),
        visitors=visitors(),
        window=FloodWindow(settings.ENVIRONMENT.ratelimit.get("count")),
        tallies=tallies(),
        locator=locator(),
    )


@cache
def reader() -> Reader:
    """The reader of API batches."""
    return Reader(visitors=visitors(), locator=locator())


def flush_tallies(now: int) -> None:
    """Journal the counters that have come together, each site's in a record of its own."""
    for site_id, counts in tallies().take().items():
        try:
            journal().append(records.encode(Frame(site_id, now, [], counts)))
        except Unavailable:
            tallies().give_back(site_id, counts)


class Ticker:
    """Once a second: salts are looked up again, counters are journaled."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        """Begin; the salts are there when this returns."""
        visitors().refresh()
        self._thread.start()

    def stop(self) -> None:
        """End, with what is left journaled and the journal closed."""
        self._stop.set()
        self._thread.join(5)
        flush_tallies(int(time.time()))
        journal().close()

    def _run(self) -> None:
        while not self._stop.wait(REFRESH_SECONDS):
            try:
                visitors().refresh()
                flush_tallies(int(time.time()))
            except Exception:
                log.exception("the ticker goes on after an error")
