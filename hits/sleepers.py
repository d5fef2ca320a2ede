"""Coroutines that wait for the journal's next sync: for each event loop one call wakes them, one timer watches."""

import asyncio
from collections.abc import Callable, Iterable
from threading import Lock
from typing import NamedTuple

PATROL_SECONDS = 1.0
"""So late at most are those woken whose time is over, which only a disk that hangs lets happen."""

Woken = asyncio.Future[bool]


class Sleeper(NamedTuple):
    """Who waits for `ticket`, until `deadline` of the loop's seconds."""

    ticket: int
    deadline: float
    woken: Woken


class Sleepers:
    """The journal's waiting coroutines. `lock` is the journal's, which its methods' callers hold."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._rooms: dict[asyncio.AbstractEventLoop, list[Sleeper]] = {}

    def __bool__(self) -> bool:
        return any(self._rooms.values())

    def add(self, ticket: int, seconds: float) -> Woken:
        """To be awaited: whether the disk has the ticket's record. False after `seconds`, too."""
        loop = asyncio.get_running_loop()
        if loop not in self._rooms:
            self._rooms[loop] = []
            loop.call_later(min(seconds, PATROL_SECONDS), self._patrol, loop)
        woken: Woken = loop.create_future()
        self._rooms[loop].append(Sleeper(ticket, loop.time() + seconds, woken))
        return woken

    def wake(self, upto: int, is_lost: Callable[[int], bool]) -> None:
        """Those with tickets up to `upto`, whose records are on the disk or lost."""
        for loop, room in list(self._rooms.items()):
            due = [(s.woken, not is_lost(s.ticket)) for s in room if s.ticket <= upto]
            if not due:
                continue
            room[:] = [sleeper for sleeper in room if sleeper.ticket > upto]
            try:
                loop.call_soon_threadsafe(_tell, due)
            except RuntimeError:  # that loop is closed: nobody sleeps there any more
                del self._rooms[loop]

    def _patrol(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            room, now = self._rooms.pop(loop), loop.time()
            late = [sleeper for sleeper in room if sleeper.deadline <= now]
            if room := [sleeper for sleeper in room if sleeper.deadline > now]:
                self._rooms[loop] = room
                loop.call_later(PATROL_SECONDS, self._patrol, loop)
        _tell((sleeper.woken, False) for sleeper in late)


def _tell(answers: Iterable[tuple[Woken, bool]]) -> None:
    for woken, answer in answers:
        if not woken.done():
            woken.set_result(answer)
