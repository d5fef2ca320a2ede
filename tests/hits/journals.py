"""Builders for tests of the journal: folders read back, a writer killed, a wait without sleep."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from hits.backlog import Backlog
from hits.journal import Journal
from hits.segments import Record

HOST = "host"
DEADLINE = 20.0


def backlog(folder: Path) -> Backlog:
    """The reading side of `folder`."""
    return Backlog(folder, host=HOST)


def payloads(folder: Path) -> list[bytes]:
    """Every sound record's payload, segment by segment."""
    reader = backlog(folder)
    return [
        item.payload
        for segment in reader.segments()
        for item in reader.read(segment, 0)
        if isinstance(item, Record)
    ]


def kill(journal: Journal) -> None:
    """What kill -9 leaves of a writer: its files are closed, nothing is synced or said.

    By brute force, and the thread is ended, which a real kill would do too.
    """
    with journal._lock:
        left, journal._left = [journal._fd, *journal._left], []
        journal._fd, journal._closing = -1, True
        for fd in left:
            if fd >= 0:
                os.close(fd)
        journal._work.notify()
    journal._syncer.join(DEADLINE)


def until(condition: Callable[[], bool]) -> None:
    """Give other threads their turn until `condition` holds."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0)  # no pause: a turn for the other threads
