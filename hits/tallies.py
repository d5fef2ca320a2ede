"""Counters of what was not counted, by site and reason. Nothing of the hit itself is kept."""

import threading
from collections import Counter


class Tallies:
    """Adds up in the process; `take` hands over what has come together, for the journal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, str]] = Counter()

    def add(self, site_id: int, reason: str, count: int = 1) -> None:
        """One more pageview of `site_id` that was not counted because of `reason`."""
        with self._lock:
            self._counts[site_id, reason] += count

    def take(self) -> dict[int, dict[str, int]]:
        """Site id → reason → count since the last call."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        sites: dict[int, dict[str, int]] = {}
        for (site_id, reason), count in counts.items():
            sites.setdefault(site_id, {})[reason] = count
        return sites

    def give_back(self, site_id: int, counts: dict[str, int]) -> None:
        """The journal did not take them: they come with the next `take`."""
        for reason, count in counts.items():
            self.add(site_id, reason, count)
