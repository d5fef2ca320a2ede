"""The reading side of the journal: what the writers of this host have left to be drained."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hits.journal import sync_folder
from hits.quarantine import Quarantine
from hits.segments import Damage, Record, unpack

WINDOW = 4 << 20


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment's file; `sealed` when its writer has let go of it, so nothing will be added."""

    path: Path
    sealed: bool

    @property
    def name(self) -> str:
        """The name positions are kept under."""
        return self.path.name


class Backlog:
    """Segments of the host named `host` below `folder`."""

    def __init__(self, folder: Path, *, host: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._host = host
        self._lock = -1
        self.kept = Quarantine(folder, host=host)

    def claim(self) -> bool:
        """Become the one drain of this host until the process ends; False if another is."""
        self._lock = os.open(self._folder / "drain.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = -1
            return False
        return True

    def is_claimed(self) -> bool:
        """Whether a drain of this host runs, in this process or another."""
        try:
            lock = os.open(self._folder / "drain.lock", os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def segments(self) -> list[Segment]:
        """All segments in the order of their names. For others than the drain: but those it removes meanwhile."""
        found = []
        for path in sorted(self._folder.glob(f"{self._host}.*.seg")):
            with suppress(FileNotFoundError):
                found.append(Segment(path, _is_sealed(path)))
        return found

    def read(self, segment: Segment, position: int) -> Iterator[Record | Damage]:
        """What lies behind `position`: records, and the ranges that are none.

        A torn tail is told as damage only in a sealed segment; there it is the last item.
        """
        fd = os.open(segment.path, os.O_RDONLY)
        try:
            end = os.fstat(fd).st_size
            yield from _read_windows(fd, position, end, sealed=segment.sealed)
        finally:
            os.close(fd)

    def size(self, segment: Segment) -> int:
        """Bytes in its file."""
        return segment.path.stat().st_size

    def quarantine(self, segment: Segment, damage: Damage) -> Path:
        """Keep a copy of a damaged range for a person to look at; gives its path."""
        return self.kept.keep_damage(segment.name, damage, self.bytes_of(segment, damage))

    def quarantine_frame(
        self, segment: Segment, end: int, payload: bytes, *, why: str = "refused"
    ) -> Path:
        """The same for a sound record that ends at `end`, or for the part that the storage refuses."""
        return self.kept.keep_record(segment.name, end, payload, why=why)

    def bytes_of(self, segment: Segment, damage: Damage) -> bytes:
        """The bytes of a range."""
        with segment.path.open("rb") as source:
            source.seek(damage.start)
            return source.read(damage.end - damage.start)

    def remove(self, segment: Segment) -> None:
        """Delete a wholly drained segment for good, before its position is forgotten."""
        segment.path.unlink(missing_ok=True)
        sync_folder(self._folder)


def _is_sealed(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def _read_windows(fd: int, position: int, end: int, *, sealed: bool) -> Iterator[Record | Damage]:
    window = WINDOW
    while position < end:
        data = os.pread(fd, window, position)
        last = position
        for item in unpack(data, position):
            last = item.end
            yield item
        if last > position:
            position, window = last, WINDOW
        elif len(data) == window:
            window *= 4  # a record, or a damaged range, longer than the window
        else:
            break  # what the file held; less than `end` if its writer has just taken a short write back
    if sealed and position < end:
        yield from _read_rest(os.pread(fd, end - position, position), position)


def _read_rest(data: bytes, position: int) -> Iterator[Record | Damage]:
    """Behind the last whole record of a sealed segment: a torn tail, or a cut with whole ones behind it."""
    end = position + len(data)
    for item in unpack(data, position, nothing_follows=True):
        position = item.end
        yield item
    if position < end:
        yield Damage(position, end)
