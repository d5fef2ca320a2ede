"""Whether something that we depend on has just failed: then nobody waits for it in vain for a second."""

import time
from collections.abc import Callable

PAUSE_SECONDS = 1.0


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
