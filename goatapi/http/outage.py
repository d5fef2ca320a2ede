"""Whether something that we depend on has just failed: then nobody waits for it in vain for a second."""

import sqlite3
import time
from collections.abc import Callable

PAUSE_SECONDS = 1.0

AWAY_STATES = ("08", "57P", "53300")
"""How PostgreSQL's SQLSTATE begins when it is gone, is going, is not there yet, or has no connection left.

Any other state comes from a server that is there: a time-out, a deadlock, a full disk under a table.
"""

AWAY_CODES = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOTADB)


def is_away(error: BaseException) -> bool:
    """Whether a failure is the database's, so that the next request would fail as well.

    False for one that concerns its own request alone: it waited too long for a lock, or took too long.
    """
    cause = error.__cause__
    if state := getattr(cause, "sqlstate", None):
        return str(state).startswith(AWAY_STATES)
    if isinstance(cause, sqlite3.Error) and (code := getattr(cause, "sqlite_errorcode", 0)):
        return code & 0xFF in AWAY_CODES
    return True  # the driver itself: it could not connect, or was cut off


class Outage:
    """Begins with a failure, is over by itself: the next to ask finds out how things stand."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = float("-inf")

    def begin(self) -> None:
        """It did not answer."""
        self._until = self._clock() + PAUSE_SECONDS

    def lasts(self) -> bool:
        """Whether it is not to be asked."""
        return self._clock() < self._until

    def end(self) -> None:
        """Forget it, for tests."""
        self._until = float("-inf")


DATABASE = Outage()
LIMITS = Outage()
