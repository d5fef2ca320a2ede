"""The drain: the journal's records become rows, counters and sessions, each exactly once.

One per host. A step takes what is waiting in the segments, at most `STEP_HITS` hits, into one
transaction that also moves the segments' positions; whatever fails, the records are still there
and the positions still tell what is done.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from django.db import DatabaseError, InterfaceError, OperationalError

from goatapi.errors import Unavailable
from hits import records
from hits.backlog import Backlog, Segment
from hits.intake import Intake
from hits.records import Frame
from hits.segments import Damage, Record, is_torn

STEP_HITS = 5000
IDLE_SECONDS = 0.05
RETRY_SECONDS = 0.5

log = logging.getLogger("goatapi.drain")

DATABASE_AWAY = (OperationalError, InterfaceError, Unavailable)
REFUSED = (DatabaseError, ValueError, OverflowError, TypeError, LookupError)
"""What a record can cause that no waiting will cure."""


class Entry(NamedTuple):
    """A record on its way: its frame (None: unreadable, kept in quarantine) and where it ends."""

    segment: Segment
    frame: Frame | None
    end: int


@dataclass(slots=True)
class Load:
    """What one step carries: entries in the order of their segments, and how heavy they are.

    A hit weighs 1, and so does an entry without any.
    """

    entries: list[Entry] = field(default_factory=list)
    weight: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is enough for one transaction."""
        return self.weight >= STEP_HITS

    def add(self, entry: Entry) -> None:
        """One more."""
        self.entries.append(entry)
        self.weight += max(1, len(entry.frame.hits) if entry.frame else 0)

    def frames(self) -> list[Frame]:
        """The readable frames."""
        return [entry.frame for entry in self.entries if entry.frame]

    def positions(self) -> dict[str, int]:
        """Where the segments stand once all of it is stored."""
        return {entry.segment.name: entry.end for entry in self.entries}


class Drain:
    """Empties the backlog of one host through `intake`."""

    def __init__(
        self, backlog: Backlog, intake: Intake, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._backlog = backlog
        self._intake = intake
        self._clock = clock
        self._positions: dict[str, int] | None = None
        self._unreadable: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Drain until `stop` is set; a database that is away is waited for."""
        while not stop.is_set():
            try:
                if not self.step():
                    stop.wait(IDLE_SECONDS)
            except DATABASE_AWAY as error:
                log.warning("the database does not answer, the journal waits: %s", error)
                stop.wait(RETRY_SECONDS)

    def step(self) -> int:
        """Take one load; gives the number of records that it moved past.

        After any failure positions are read anew: the answer to a commit may have been lost.
        """
        try:
            if self._positions is None:
                self._positions = self._intake.positions()
            load = self._load()
            if load.entries:
                self._commit(load)
        except BaseException:
            self._positions = None
            raise
        return len(load.entries)

    def _load(self) -> Load:
        load = Load()
        for segment in self._backlog.segments():
            try:
                self._read(segment, load)
            except OSError as error:  # a bad sector, a full quarantine: the other segments go on
                if segment.name not in self._unreadable:
                    log.error("segment %s can not be drained: %s", segment.name, error)
                self._unreadable.add(segment.name)
            if load.is_full:
                break
        return load

    def _read(self, segment: Segment, load: Load) -> None:
        """Add the segment's waiting records to `load`; a segment with none left is removed."""
        position = self._position(segment)
        waiting = False
        for item in self._backlog.read(segment, position):
            load.add(Entry(segment, self._frame(segment, item), item.end))
            waiting = True
            if load.is_full:
                return
        if segment.sealed and not waiting:
            self._remove(segment)

    def _remove(self, segment: Segment) -> None:
        """In this order: a file without its position would be counted again."""
        assert self._positions is not None  # noqa: S101  # set by step
        self._backlog.remove(segment)
        self._intake.forget_segment(segment.name)
        self._positions.pop(segment.name, None)

    def _position(self, segment: Segment) -> int:
        assert self._positions is not None  # noqa: S101  # set by step
        return self._positions.get(segment.name, 0)

    def _frame(self, segment: Segment, item: Record | Damage) -> Frame | None:
        if isinstance(item, Record):
            try:
                return records.decode(item.payload)
            except msgspec.DecodeError:
                start = item.end - len(item.payload)
                self._backlog.quarantine(segment, Damage(start, item.end))
                return None
        if not self._is_torn_tail(segment, item):
            self._backlog.quarantine(segment, item)
        return None

    def _is_torn_tail(self, segment: Segment, damage: Damage) -> bool:
        return damage.end == segment.path.stat().st_size and is_torn(
            self._backlog.bytes_of(segment, damage)
        )

    def _commit(self, load: Load) -> None:
        """One transaction for all; if the data itself is refused, one for each half, and so on.

        An entry that is refused alone goes to quarantine, so that it holds nobody up.
        """
        try:
            self._store(load)
        except DATABASE_AWAY:
            raise
        except REFUSED as error:
            log.warning("%d records were refused: %r", len(load.entries), error)
            waiting = self._not_stored(load)
            if waiting and len(load.entries) == 1:
                self._set_aside(waiting[0])
                return
            half = (len(waiting) + 1) // 2
            for part in filter(None, (waiting[:half], waiting[half:])):
                self._commit(Load(part))

    def _not_stored(self, load: Load) -> list[Entry]:
        """By the database itself: an error may have come after the commit."""
        self._positions = self._intake.positions()
        return [entry for entry in load.entries if entry.end > self._position(entry.segment)]

    def _set_aside(self, entry: Entry) -> None:
        if entry.frame:
            self._backlog.quarantine_frame(entry.segment, entry.end, records.encode(entry.frame))
        self._store(Load([entry._replace(frame=None)]))

    def _store(self, load: Load) -> None:
        assert self._positions is not None  # noqa: S101  # set by step
        positions = load.positions()
        self._intake.store(load.frames(), positions, now=int(self._clock()))
        self._positions.update(positions)
