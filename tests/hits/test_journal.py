"""The journal: what it has acknowledged is on the disk, and what it could not keep it never acknowledged."""

import asyncio
import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from goatapi.errors import Unavailable
from hits.journal import Journal
from tests.hits.journals import DEADLINE, HOST, backlog, payloads, until

MODES = ["write", "fsync"]
KIB = 1024


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Disk:
    """A disk whose next syncs can be held up, and fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = os.fdatasync
        self._go = threading.Event()
        self._go.set()
        self.broken = False
        self.busy = threading.Event()
        monkeypatch.setattr(os, "fdatasync", self._sync)

    def hold(self) -> None:
        """The next sync begins, and waits for `release`."""
        self.busy.clear()
        self._go.clear()

    def release(self) -> None:
        self._go.set()

    def _sync(self, fd: int) -> None:
        self.busy.set()
        assert self._go.wait(DEADLINE)
        if self.broken:
            raise OSError(errno.EIO, "input/output error")
        self._real(fd)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def clock() -> Clock:
    return Clock()


Opener = Callable[..., Journal]


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Opener]:
    """Opens writers of one folder, and closes them when the test is over."""
    journals: list[Journal] = []

    def make(mode: str = "write", **options: Any) -> Journal:
        options = {"clock": clock} | options
        journals.append(Journal(tmp_path / "j", host=HOST, mode=mode, **options))
        return journals[-1]

    yield make
    for journal in journals:
        journal.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "j"


def seals(folder: Path) -> list[bool]:
    return [segment.sealed for segment in backlog(folder).segments()]


@pytest.mark.parametrize("mode", MODES)
def test_what_is_appended_is_read_in_its_order(mode: str, opened: Opener, folder: Path) -> None:
    journal = opened(mode)
    sent = [b"%d" % n for n in range(20)]
    for payload in sent:
        journal.wait(journal.append(payload))
    assert payloads(folder) == sent


@pytest.mark.parametrize("mode", MODES)
def test_many_threads_append_at_once_and_each_record_is_there_once(
    mode: str, opened: Opener, folder: Path
) -> None:
    journal = opened(mode, max_bytes=64 * KIB)  # several segments
    sent = [b"%d" % n + b"." * 50 for n in range(400)]

    def send(payload: bytes) -> int:
        ticket = journal.append(payload)
        journal.wait(ticket)
        return ticket

    with ThreadPoolExecutor(16) as pool:
        tickets = list(pool.map(send, sent))
    assert sorted(tickets) == list(range(1, 401))
    assert sorted(payloads(folder)) == sorted(sent)
    assert len(seals(folder)) > 1


def test_two_writers_share_a_folder(opened: Opener, folder: Path) -> None:
    opened().append(b"one")
    opened().append(b"two")
    assert sorted(payloads(folder)) == [b"one", b"two"]


def test_a_killed_writer_has_kept_all_that_it_acknowledged(folder: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from hits.journal import Journal
journal = Journal(Path(sys.argv[1]), host="host")
for n in range(200):
    journal.append(b"%d" % n)
    print(n, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert payloads(folder) == done.stdout.split()
    assert seals(folder) == [True]


def test_a_disk_that_fills_up_costs_nothing_acknowledged_and_goes_on_when_there_is_room(
    folder: Path,
) -> None:
    """A real limit of the system: a short write first, then errors."""
    script = """
import json, resource, sys
from pathlib import Path
from goatapi.errors import Unavailable
from hits.journal import Journal
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
kept, refused = [], 0
journal = Journal(Path(sys.argv[1]), host="host")
for n in range(60):
    soft = 1000 if n < 40 else hard
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    payload = f"{n} " + "x" * (70 if n % 10 else 5)
    try:
        journal.append(payload.encode())
        kept.append(payload)
    except Unavailable as error:
        assert error.retry_after > 0
        refused += 1
journal.close()
print(json.dumps([kept, refused]))
"""
    done = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    kept, refused = json.loads(done.stdout)
    assert [payload.decode() for payload in payloads(folder)] == kept
    assert refused > 20
    assert any(int(payload.split()[0]) >= 40 for payload in kept)


def test_a_short_write_that_can_not_be_taken_back_leaves_the_segment(
    opened: Opener, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened()
    journal.append(b"before")
    with monkeypatch.context() as patch:
        real = os.write
        patch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(Unavailable):
            journal.append(b"never acknowledged")
    journal.append(b"after")
    assert sorted(payloads(folder)) == [b"after", b"before"]
    assert len(seals(folder)) == 2


def test_a_segment_that_can_not_be_opened_leaves_no_litter(
    opened: Opener, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        for _ in range(3):
            with pytest.raises(Unavailable):
                journal.append(b"never acknowledged")
        assert list(folder.iterdir()) == []
    journal.append(b"after")
    assert payloads(folder) == [b"after"]


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no space left on device")


def test_a_failed_sync_refuses_those_who_wait_for_it_and_nobody_else(
    opened: Opener, disk: Disk
) -> None:
    journal = opened("fsync")
    before = journal.append(b"before")
    journal.wait(before)
    disk.broken = True
    lost = journal.append(b"lost")
    with pytest.raises(Unavailable) as refusal:
        journal.wait(lost)
    assert refusal.value.retry_after > 0
    disk.broken = False
    after = journal.append(b"after")
    journal.wait(after)
    journal.wait(before)
    with pytest.raises(Unavailable):
        journal.wait(lost)


def test_two_failures_apart_are_both_remembered(opened: Opener, disk: Disk) -> None:
    journal = opened("fsync")
    tickets = []
    for broken in (True, False, True, False):
        disk.broken = broken
        tickets.append(journal.append(b"x"))
        until(lambda: journal._synced >= tickets[-1])
    for ticket, lost in zip(tickets, (True, False, True, False), strict=True):
        if lost:
            with pytest.raises(Unavailable):
                journal.wait(ticket)
        else:
            journal.wait(ticket)


def test_what_came_during_a_failing_sync_is_in_the_same_bad_segment(
    opened: Opener, folder: Path, disk: Disk
) -> None:
    journal = opened("fsync")
    disk.hold()
    disk.broken = True
    first = journal.append(b"first")
    assert disk.busy.wait(DEADLINE)
    second = journal.append(b"second")
    disk.release()
    for ticket in (first, second):
        with pytest.raises(Unavailable):
            journal.wait(ticket)
    disk.broken = False
    journal.wait(journal.append(b"third"))
    assert len(seals(folder)) == 2


def test_a_rotation_during_a_failing_sync_acknowledges_nothing(
    opened: Opener, folder: Path, disk: Disk
) -> None:
    """The system tells a failed sync only once for an open file: whoever asks again hears "all is well"."""
    journal = opened("fsync", max_bytes=8 * KIB)  # segments of 1 KiB
    disk.hold()
    disk.broken = True
    lost = [journal.append(b"x" * 600)]
    assert disk.busy.wait(DEADLINE)
    lost.append(journal.append(b"y" * 600))
    assert len(seals(folder)) == 2
    disk.release()
    for ticket in lost:
        with pytest.raises(Unavailable):
            journal.wait(ticket)


def test_a_wait_has_an_end(opened: Opener, disk: Disk) -> None:
    journal = opened("fsync")
    disk.hold()
    ticket = journal.append(b"x")
    with pytest.raises(Unavailable):
        journal.wait(ticket, seconds=0.001)
    with pytest.raises(Unavailable):
        asyncio.run(journal.synced(ticket, seconds=0.001))
    disk.release()
    journal.wait(ticket)


def test_coroutines_wait_for_the_sync_together(opened: Opener, disk: Disk) -> None:
    journal = opened("fsync")

    async def send(n: int) -> None:
        await journal.synced(journal.append(b"%d" % n))

    async def send_all() -> None:
        disk.hold()
        waiting = [asyncio.create_task(send(n)) for n in range(50)]
        await asyncio.to_thread(disk.busy.wait, DEADLINE)
        assert not any(task.done() for task in waiting)
        disk.release()
        async with asyncio.timeout(DEADLINE):
            await asyncio.gather(*waiting)
        await journal.synced(1)

    asyncio.run(send_all())


def test_coroutines_hear_of_a_failed_sync(opened: Opener, disk: Disk) -> None:
    journal = opened("fsync")
    disk.broken = True

    async def send() -> None:
        await journal.synced(journal.append(b"x"))

    with pytest.raises(Unavailable):
        asyncio.run(send())


def test_an_event_loop_that_is_gone_does_not_stop_the_syncing(opened: Opener, disk: Disk) -> None:
    journal = opened("fsync")
    disk.hold()
    loop = asyncio.new_event_loop()
    sleeper = loop.create_task(journal.synced(journal.append(b"x")))
    loop.run_until_complete(asyncio.to_thread(disk.busy.wait, DEADLINE))
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(sleeper)
    loop.close()
    disk.release()
    journal.wait(journal.append(b"y"))


def test_in_mode_write_nobody_waits_but_all_is_synced_soon(opened: Opener, disk: Disk) -> None:
    journal = opened("write")
    ticket = journal.append(b"x")
    journal.wait(ticket)
    asyncio.run(journal.synced(ticket))
    assert disk.busy.wait(DEADLINE)


def test_a_full_segment_is_left_and_synced_and_closed(opened: Opener, folder: Path) -> None:
    journal = opened("fsync", max_bytes=80 * KIB)
    for _ in range(5):
        journal.wait(journal.append(b"x" * 6 * KIB))
    assert seals(folder) == [True, True, True, True, False]


def test_a_segment_is_left_after_ten_minutes_too(
    opened: Opener, folder: Path, clock: Clock
) -> None:
    journal = opened("fsync")
    journal.wait(journal.append(b"x"))
    clock.now += 601
    until(lambda: seals(folder) == [True])
    journal.wait(journal.append(b"y"))
    assert len(seals(folder)) == 2


def cut(path: Path) -> None:
    os.truncate(path, 0)


def take_away(path: Path) -> None:
    path.rename(path.with_suffix(".elsewhere"))


@pytest.mark.parametrize("harm", [cut, take_away, Path.unlink])
def test_a_segment_that_somebody_has_cut_or_moved_is_left(
    harm: Callable[[Path], None], opened: Opener, folder: Path, clock: Clock
) -> None:
    journal = opened()
    journal.append(b"before")
    harm(backlog(folder).segments()[0].path)
    clock.now += 1
    journal.append(b"behind")
    assert payloads(folder) == [b"behind"]


def test_an_open_segment_without_records_stays_open(
    opened: Opener, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened("fsync")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        with pytest.raises(Unavailable):
            journal.append(b"never acknowledged")
    clock.now += 601
    journal.wait(journal.append(b"x"))
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("mode", MODES)
def test_over_its_bound_it_refuses_until_it_is_drained(
    mode: str, opened: Opener, folder: Path, clock: Clock
) -> None:
    journal = opened(mode, max_bytes=8 * KIB)
    refusal = fill(journal)
    assert refusal.retry_after > 0
    assert used(folder) <= 8 * KIB
    for _ in range(20):  # nor does a refusal make room by itself
        fill(journal, at_most=0)
        clock.now += 0.1
    until(lambda: all(seals(folder)))  # so that the drain can take everything away
    for segment in backlog(folder).segments():
        backlog(folder).remove(segment)
    clock.now += 1
    journal.append(b"after")
    assert payloads(folder) == [b"after"]


def test_a_quarantine_that_can_not_be_looked_into_stops_nobody(
    opened: Opener, folder: Path
) -> None:
    journal = opened()
    (folder / "quarantine").write_bytes(b"no folder")
    journal.append(b"counted")
    assert payloads(folder) == [b"counted"]


def test_what_other_writers_hold_counts_too(opened: Opener, clock: Clock) -> None:
    first, second = opened(max_bytes=8 * KIB), opened(max_bytes=8 * KIB)
    second.append(b"x")
    fill(first)
    clock.now += 1
    fill(second, at_most=0)


def fill(journal: Journal, at_most: int = 1000) -> Unavailable:
    """Append until refused."""
    for n in range(at_most + 1):
        try:
            journal.append(b"x" * 500)
        except Unavailable as error:
            return error
        assert n < at_most, "more was taken than there is room for"
    raise AssertionError("unreachable")


def used(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_segment_has_its_name_only_once_it_is_locked(
    opened: Opener, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = fcntl.flock

    def spying(fd: int, operation: int) -> None:
        seen.append(sorted(path.suffix for path in folder.iterdir()))
        real(fd, operation)

    monkeypatch.setattr(fcntl, "flock", spying)
    opened().append(b"x")
    monkeypatch.undo()
    assert seen == [[".new"]]
    assert seals(folder) == [False]


@pytest.mark.parametrize("mode", MODES)
def test_closed_it_has_synced_and_let_go_and_takes_nothing_more(
    mode: str, opened: Opener, folder: Path, disk: Disk
) -> None:
    journal = opened(mode)
    ticket = journal.append(b"x")
    journal.close()
    assert disk.busy.is_set()
    journal.wait(ticket)
    assert seals(folder) == [True]
    with pytest.raises(Unavailable):
        journal.append(b"y")
    journal.close()
    assert payloads(folder) == [b"x"]


def test_who_waits_while_it_closes_hears_how_it_ended(opened: Opener, disk: Disk) -> None:
    journal = opened("fsync")
    disk.hold()
    ticket = journal.append(b"x")
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(journal.wait, ticket)
        closing = pool.submit(journal.close)
        disk.release()
        waiting.result(DEADLINE)
        closing.result(DEADLINE)


def test_no_file_stays_open(opened: Opener) -> None:
    before = len(os.listdir("/proc/self/fd"))
    journal = opened("fsync", max_bytes=80 * KIB)
    for _ in range(6):
        journal.wait(journal.append(b"x" * 6 * KIB))
    journal.close()
    assert len(os.listdir("/proc/self/fd")) == before
