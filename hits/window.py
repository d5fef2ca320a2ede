"""The flood window of `/count`: so many requests in so many seconds by one browser at one address.

In the process, exact per process, so at most limit times processes in all. Fixed windows that begin
with the first request of a key (part 1.1).
"""

import math
import threading
import time
from collections.abc import Callable, Hashable

import msgspec

MAX_KEYS = 100_000


class Taken(msgspec.Struct, frozen=True, gc=False):
    """What a request found: may it pass, and the figures for the three headers."""

    ok: bool
    limit: int
    remaining: int
    reset: int


class FloodWindow:
    """Counts by key. `rate` is (requests, seconds), or None for no limit."""

    def __init__(
        self, rate: tuple[int, int] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[Hashable, tuple[float, int]] = {}

    def take(self, key: Hashable) -> Taken | None:
        """Count one request; None when there is no limit."""
        if self._rate is None:
            return None
        limit, seconds = self._rate
        now = self._clock()
        with self._lock:
            started, count = self._windows.get(key, (now, 0))
            if now - started >= seconds:
                started, count = now, 0
            self._make_room(now - seconds)
            self._windows[key] = started, count + 1
        return Taken(
            ok=count < limit,
            limit=limit,
            remaining=max(0, limit - count - 1),
            reset=max(1, math.ceil(started + seconds - now)),
        )

    def _make_room(self, before: float) -> None:
        """Drop windows that are over; in a flood of keys all: it costs a window, memory would cost the process."""
        if len(self._windows) < MAX_KEYS:
            return
        live = {key: window for key, window in self._windows.items() if window[0] > before}
        # With less than half free, the next sweep would be near, and each takes time.
        self._windows = live if len(live) <= MAX_KEYS // 2 else {}
