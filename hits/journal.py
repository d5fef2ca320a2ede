"""The journal: hits are on the local disk before anybody is told that they were accepted.

One writer per process, append-only segments (`segments`), held by a lock as long as the writer lives,
so that the drain can tell a living writer's unfinished record from a dead one's torn tail.

Modes: `write` acknowledges after the append (survives a killed process; synced in the background, so
power loss costs at most a second), `fsync` after a group sync of all that was appended meanwhile.
"""

import asyncio
import fcntl
import logging
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from goatapi.errors import TooLarge, Unavailable
from hits.segments import pack
from hits.sleepers import Sleepers

SEGMENT_BYTES = 64 << 20
SEGMENT_SECONDS = 600.0
"""A segment is closed after this time too, so that what it holds does not lie about on a quiet site."""
SYNC_SECONDS = 0.4
MEASURE_SECONDS = 1.0
"""How often the folder is measured and, while the disk refuses, how often that is logged."""
WAIT_SECONDS = 10.0
UNCONFIRMED = "the disk has not confirmed it, so it may or may not be counted: send it again under the same id"

log = logging.getLogger("goatapi.journal")


class Journal:
    """Appends records for one process; safe to use from several threads.

    `folder` is shared by all writers of the host named `host`; `max_bytes` bounds the whole folder.
    `clock` is monotonic seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str,
        mode: str = "write",
        max_bytes: int = 4 << 30,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
        self._folder = folder
        # In the order of their names segments are in the order of their writers' starts.
        self._prefix = f"{host}.{int(time.time()):010x}{secrets.token_hex(5)}"
        self.delays = mode == "fsync"
        """Whether a record has to be waited for before it is acknowledged."""
        self.max_bytes = max_bytes
        self._segment_bytes = min(SEGMENT_BYTES, max_bytes // 8)
        self._clock = clock
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # for the syncer
        self._settled = threading.Condition(self._lock)  # for those who wait
        self._fd, self._path = -1, folder
        self._left: list[int] = []
        self._size = 0
        self._opened_at = 0.0
        self._number = 0
        self._written = 0
        self._synced = 0
        self._lost: deque[tuple[int, int]] = deque(maxlen=1000)
        self._sleepers = Sleepers(self._lock)
        self._folder_bytes = 0
        self._measured_at = float("-inf")
        self._complained_at = float("-inf")
        self._closing = False
        self._syncer = threading.Thread(target=self._sync_forever, name="journal-sync", daemon=True)
        self._syncer.start()

    def append(self, payload: bytes) -> int:
        """Write one record; gives the ticket to `wait` for. In mode `write` it is acknowledgeable at once.

        Errors: `Unavailable` (503) when the journal is over its bound or closed, or the disk refuses.
        """
        record = pack(payload)
        with self._lock:
            self._make_room(len(record))
            self._write(record)
            self._written += 1
            return self._written

    def wait(self, ticket: int, seconds: float = WAIT_SECONDS) -> None:
        """Block until the record of `ticket` may be acknowledged. Errors: `Unavailable`."""
        if not self.delays:
            return
        with self._lock:
            self._work.notify()
            self._settled.wait_for(lambda: self._synced >= ticket, seconds)
            self._check(ticket)

    async def synced(self, ticket: int, seconds: float = WAIT_SECONDS) -> None:
        """`wait` for coroutines."""
        if not self.delays:
            return
        with self._lock:
            if self._synced >= ticket:
                self._check(ticket)
                return
            is_first = not self._sleepers
            woken = self._sleepers.add(ticket, seconds)
        if is_first:  # whoever comes in the same turn of the loop is synced with it
            asyncio.get_running_loop().call_soon(self._rouse)
        if not await woken:
            raise self._unconfirmed()

    def used_bytes(self) -> int:
        """Bytes on the disk that count for `max_bytes`, measured now."""
        return bytes_used(self._folder)

    def close(self) -> None:
        """Sync what was written and let go of the segment; nothing is taken any more."""
        with self._lock:
            self._closing = True
            self._leave_segment()
            self._work.notify()
        self._syncer.join(5)

    def _make_room(self, more: int) -> None:
        if self._closing:
            raise Unavailable("the server is stopping; nothing was counted", retry_after=1)
        if more > self.max_bytes // 2:
            raise TooLarge("the request is larger than the journal may grow")
        now = self._clock()
        if now - self._measured_at >= MEASURE_SECONDS:
            self._folder_bytes = bytes_used(self._folder)
            self._measured_at = now
            self._leave_changed_segment()
        if self._folder_bytes + more > self.max_bytes:
            self._leave_segment()  # only a closed segment can be drained away wholly
            raise Unavailable("the journal is full; nothing was counted", retry_after=5)
        if self._size + more > self._segment_bytes:
            self._leave_segment()
        if self._fd < 0:
            self._open_segment(now)

    def _open_segment(self, now: float) -> None:
        """The segment gets its name once it is locked: an unlocked one would pass for a dead writer's."""
        self._number += 1
        path = self._folder / f"{self._prefix}.{self._number:08d}.seg"
        unlocked, fd = path.with_suffix(".new"), -1
        try:
            fd = os.open(unlocked, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
            unlocked.rename(path)
            sync_folder(self._folder)
        except OSError as error:
            _drop(fd, unlocked)
            raise self._refused(error) from error
        self._fd, self._path, self._size, self._opened_at = fd, path, 0, now

    def _write(self, record: bytes) -> None:
        """One write; a short one is taken back, or the segment is left, before anything else is acknowledged."""
        try:
            written = os.write(self._fd, record)
            if written == len(record):
                self._size += written
                self._folder_bytes += written
                return
            error = OSError(f"short write: {written} of {len(record)} bytes")
        except OSError as raised:
            error = raised
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            self._leave_segment()
        raise self._refused(error) from error

    def _leave_segment(self) -> None:
        """Append no more to the segment. The syncer syncs it before it closes it, and nobody else closes any.

        A failed sync is told only once for each open file, so one thread has to see all answers.
        """
        if self._fd >= 0:
            self._left.append(self._fd)
            self._work.notify()
        self._fd, self._size = -1, 0

    def _sync_forever(self) -> None:
        last = False
        while not last:
            with self._lock:
                self._work.wait_for(self._has_work, SYNC_SECONDS)
                last, upto = self._closing, self._written
                left, self._left = self._left, []
                current = [self._fd] if self._fd >= 0 and upto > self._synced else []
            error = _sync_all(left + current)
            for fd in left:
                os.close(fd)
            with self._lock:
                if error:
                    self._lose(error)
                else:
                    self._settle(upto)
                self._leave_old_segment()

    def _has_work(self) -> bool:
        return bool(self._closing or self._left or (self.delays and self._written > self._synced))

    def _settle(self, upto: int) -> None:
        self._synced = max(self._synced, upto)
        self._settled.notify_all()
        self._sleepers.wake(self._synced, self._is_lost)

    def _lose(self, error: OSError) -> None:
        """The disk did not take what lies behind the last sync: nobody is told that it was accepted.

        All of it, with what was appended during the sync: that may be in the same segment, whose
        next sync would say nothing of this failure. The segments that hold it are given up.
        """
        log.error("the journal could not be synced: %s", error)
        self._lost.append((self._synced, self._written))
        self._leave_segment()
        for fd in self._left:
            os.close(fd)
        self._left = []
        self._settle(self._written)

    def _rouse(self) -> None:
        with self._lock:
            self._work.notify()

    def _check(self, ticket: int) -> None:
        if self._synced < ticket or self._is_lost(ticket):
            raise self._unconfirmed()

    def _is_lost(self, ticket: int) -> bool:
        return any(low < ticket <= high for low, high in self._lost)

    def _unconfirmed(self) -> Unavailable:
        self._complain(OSError("not synced"))
        return Unavailable(UNCONFIRMED, retry_after=5)

    def _leave_changed_segment(self) -> None:
        """Somebody has cut, moved or removed the file: what comes now is safe in a new one only."""
        if self._fd >= 0 and not _is_whole(self._path, self._fd, self._size):
            log.error(
                "somebody has cut or removed %s; the journal goes on in a new segment", self._path
            )
            self._leave_segment()

    def _leave_old_segment(self) -> None:
        if self._size and self._clock() - self._opened_at > SEGMENT_SECONDS:
            self._leave_segment()

    def _refused(self, error: OSError) -> Unavailable:
        self._complain(error)
        return Unavailable("the journal can not be written; nothing was counted", retry_after=5)

    def _complain(self, error: OSError) -> None:
        if self._clock() - self._complained_at >= MEASURE_SECONDS:
            log.error("the journal can not be written: %s", error)
            self._complained_at = self._clock()


def _sync_all(fds: Iterable[int]) -> OSError | None:
    """Sync each; the last error."""
    failure = None
    for fd in fds:
        try:
            os.fdatasync(fd)
        except OSError as error:
            failure = error
    return failure


def _is_whole(path: Path, fd: int, size: int) -> bool:
    try:
        seen = path.stat()
    except FileNotFoundError:
        return False
    return seen.st_ino == os.fstat(fd).st_ino and seen.st_size >= size


def _drop(fd: int, path: Path) -> None:
    """Undo a segment that could not be opened wholly, so that attempts on a bad disk leave no litter."""
    if fd >= 0:
        os.close(fd)
    with suppress(OSError):
        path.unlink(missing_ok=True)


def bytes_used(folder: Path) -> int:
    """What the bound is about: the segments, and what of them is in quarantine."""
    return _bytes_below(folder, ".seg") + _bytes_below(folder / "quarantine", "")


def _bytes_below(folder: Path, suffix: str) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(_size(entry) for entry in entries if entry.name.endswith(suffix))
    except OSError:  # not there, or not to be looked into: then writing there will tell
        return 0


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:  # the drain was quicker
        return 0


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in `folder` survive a power loss."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
