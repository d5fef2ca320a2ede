"""The drain: the journal's records become rows, counters and sessions, each exactly once.

One per host. A step takes what is waiting in the segments, `STEP_HITS` hits, more where more waits, into one
transaction that also moves the segments' positions; whatever fails, the records are still there
and the positions still tell what is done.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from goatapi.errors import Unavailable
from goatapi.http import metrics
from hits import records
from hits.backlog import Backlog, Segment
from hits.intake import Intake
from hits.records import Frame, Hit
from hits.segments import Damage, Record, is_torn
from storage.protocols import TryAgain, Unstorable

STEP_HITS = 5000
DEEP_HITS = 20_000
"""A step's size where much is waiting: its hits share pages and hours, so each costs fewer upserts. Steps of
a quiet day stay small, so that nobody waits long for a lock."""
IDLE_SECONDS = 0.05
RETRY_SECONDS = 0.5

log = logging.getLogger("goatapi.drain")

AWAY = (TryAgain, Unavailable)
REFUSED = (Unstorable, ValueError, OverflowError, TypeError, LookupError)
"""What a record can cause that no waiting will cure."""


class Entry(msgspec.Struct, frozen=True, gc=False):
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
    enough: int = STEP_HITS

    @property
    def is_full(self) -> bool:
        """Whether it is enough for one transaction."""
        return self.weight >= self.enough

    def add(self, entry: Entry) -> None:
        """One more."""
        self.entries.append(entry)
        self.weight += max(1, len(entry.frame.hits) if entry.frame else 0)

    def frames(self) -> list[Frame]:
        """The readable frames."""
        return [entry.frame for entry in self.entries if entry.frame]

    def positions(self) -> dict[str, int]:
        """Where the segments stand once all of it is stored."""
        last = {id(entry.segment): entry for entry in self.entries}
        return {entry.segment.name: entry.end for entry in last.values()}


class Drain:
    """Empties the backlog of one host through `intake`."""

    def __init__(
        self, backlog: Backlog, intake: Intake, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._backlog = backlog
        self._intake = intake
        self._clock = clock
        self._positions: dict[str, int] | None = None
        self._known: dict[str, int] = {}
        self._unreadable: set[str] = set()
        self._enough = STEP_HITS

    def run(self, stop: threading.Event) -> None:
        """Drain until `stop` is set; a database that is away is waited for."""
        away = False
        while not stop.is_set():
            try:
                if not self.step():
                    stop.wait(IDLE_SECONDS)
                away = False
            except AWAY as error:
                log.warning("the database does not answer, the journal waits: %s", error)
                if not away:
                    metrics.DATABASE_OUTAGES.inc()
                away = True
                stop.wait(RETRY_SECONDS)
            except OSError as error:
                log.error("the journal's folder can not be used, the journal waits: %s", error)
                stop.wait(RETRY_SECONDS)

    def positions(self) -> dict[str, int]:
        """Segment name → bytes consumed, as it was known last; from another thread, for figures."""
        return self._known

    def step(self) -> int:
        """Take one load; gives the number of records that it moved past.

        After any failure positions are read anew: the answer to a commit may have been lost.
        """
        try:
            if self._positions is None:
                self._positions = self._known = self._intake.positions()
                self._backlog.kept.forget_unsettled(self._positions)
            load = self._load()
            if load.entries:
                with metrics.DRAIN_SECONDS.time():
                    self._commit(load)
            self._enough = min(2 * load.enough, DEEP_HITS) if load.is_full else STEP_HITS
        except BaseException:
            self._positions, self._enough = None, STEP_HITS
            raise
        return len(load.entries)

    def _load(self) -> Load:
        load = Load(enough=self._enough)
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
        if (size := self._backlog.size(segment)) < position:
            self._give_up(segment, size)
            return
        waiting = False
        for item in self._backlog.read(segment, position):
            load.add(Entry(segment, self._frame(segment, item), item.end))
            waiting = True
            if load.is_full:
                return
        if segment.sealed and not waiting:
            self._remove(segment)

    def _give_up(self, segment: Segment, size: int) -> None:
        """Somebody has cut what was drained already; what may have been written since is for a person to judge."""
        if segment.sealed:
            self._backlog.quarantine(segment, Damage(0, size))
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
                self._backlog.quarantine_frame(segment, item.end, item.payload, why="unreadable")
                metrics.JOURNAL_DAMAGE.inc()
                return None
        if not self._is_torn_tail(segment, item):
            self._backlog.quarantine(segment, item)
        return None

    def _is_torn_tail(self, segment: Segment, damage: Damage) -> bool:
        return damage.end == segment.path.stat().st_size and is_torn(
            self._backlog.bytes_of(segment, damage)
        )

    def _commit(self, load: Load) -> None:
        """One transaction for all; if the data itself is refused, one for each half, and so on."""
        try:
            self._store(load)
        except REFUSED as error:
            log.warning("%d records were refused: %r", len(load.entries), error)
            waiting = self._not_stored(load)
            if waiting and len(load.entries) == 1:
                self._sift(waiting[0])
                return
            half = (len(waiting) + 1) // 2
            for part in filter(None, (waiting[:half], waiting[half:])):
                self._commit(Load(part))

    def _not_stored(self, load: Load) -> list[Entry]:
        """By the database itself: an error may have come after the commit."""
        self._positions = self._known = self._intake.positions()
        return [entry for entry in load.entries if entry.end > self._position(entry.segment)]

    def _sift(self, entry: Entry) -> None:
        """Store what can be of a record that is refused; the rest goes to quarantine, and holds nobody up."""
        frame = entry.frame
        if frame is None:  # a position alone has nothing in it to refuse
            self._store(Load([entry]))
            return
        good, bad = self._parted(frame)
        try:
            if bad:
                self._set_aside(entry, Frame(frame.site_id, frame.arrived_at, bad))
            self._store(Load([replace(entry, frame=_with(frame, good))]))
        except REFUSED:  # no single hit is at fault
            if self._not_stored(Load([entry])):
                self._set_aside(entry, frame)
                self._store(Load([replace(entry, frame=None)]))

    def _parted(self, frame: Frame) -> tuple[list[Hit], list[Hit]]:
        """Its hits: those that can be stored, and those that can not. Found by rehearsals, half by half.

        Nothing is stored on the way, so that all the good ones can be with the position, in one transaction.
        """
        try:
            self._intake.rehearse(_with(frame, frame.hits, {}), now=int(self._clock()))
        except REFUSED:
            if len(frame.hits) < 2:
                return [], frame.hits
        else:
            return frame.hits, []
        half = len(frame.hits) // 2
        parts = (
            self._parted(_with(frame, hits)) for hits in (frame.hits[:half], frame.hits[half:])
        )
        (some_good, some_bad), (more_good, more_bad) = parts
        return some_good + more_good, some_bad + more_bad

    def _set_aside(self, entry: Entry, frame: Frame) -> None:
        """Before the position moves; if that fails, `step` drops what is here and begins anew."""
        self._backlog.quarantine_frame(entry.segment, entry.end, records.encode(frame))
        metrics.REFUSED_HITS.inc(len(frame.hits))

    def _store(self, load: Load) -> None:
        assert self._positions is not None  # noqa: S101  # set by step
        positions = load.positions()
        self._intake.store(load.frames(), positions, now=int(self._clock()))
        self._positions.update(positions)


def _with(frame: Frame, hits: list[Hit], tallies: dict[str, int] | None = None) -> Frame:
    """The frame with these hits."""
    kept = frame.tallies if tallies is None else tallies
    return Frame(frame.site_id, frame.arrived_at, hits, kept)
