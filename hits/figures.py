"""Figures of the journal and its drain, looked up when Prometheus asks."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from hits import records
from hits.backlog import Backlog, Segment
from hits.segments import Record


class Bounded(Protocol):
    """As much of the journal as is asked here."""

    max_bytes: int

    def used_bytes(self) -> int:
        """Bytes that count for the bound."""


class JournalFigures:
    """For the web process, which refuses pageviews at the bound."""

    def __init__(self, journal: Bounded) -> None:
        self._journal = journal

    def collect(self) -> list[Metric]:
        """See `goatapi.http.metrics.Figures`."""
        return [
            _gauge("journal_bytes", "Bytes that wait on this host.", self._journal.used_bytes()),
            _gauge("journal_max_bytes", "GOATAPI_JOURNAL_MAX.", self._journal.max_bytes),
        ]


class DrainFigures:
    """For the drain. `positions`: segment name → bytes consumed, as the drain knows them."""

    def __init__(
        self,
        backlog: Backlog,
        positions: Callable[[], dict[str, int]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._backlog = backlog
        self._positions = positions
        self._clock = clock

    def collect(self) -> list[Metric]:
        """See `goatapi.http.metrics.Figures`."""
        unread, oldest = waiting(self._backlog, self._positions())
        lag = max(0.0, self._clock() - oldest) if oldest is not None else 0.0
        files, size = self._backlog.kept.size()
        return [
            _gauge("journal_unread_bytes", "Bytes that are not drained yet.", unread),
            _gauge("drain_lag_seconds", "Age of the oldest record not drained yet.", lag),
            _gauge("quarantine_files", "Damaged ranges and refused records kept.", files),
            _gauge("quarantine_bytes", "Bytes of these.", size),
        ]


def waiting(backlog: Backlog, positions: dict[str, int]) -> tuple[int, int | None]:
    """Unread bytes, and when the oldest unread record arrived (seconds; None: there is none)."""
    unread, arrivals = 0, []
    for segment in backlog.segments():
        position = positions.get(segment.name, 0)
        try:
            unread += max(0, segment.path.stat().st_size - position)
            arrivals.append(_first_arrival(backlog, segment, position))
        except FileNotFoundError:  # drained this moment
            continue
    return unread, min((at for at in arrivals if at is not None), default=None)


def _first_arrival(backlog: Backlog, segment: Segment, position: int) -> int | None:
    for item in backlog.read(segment, position):
        if isinstance(item, Record):
            with suppress(msgspec.DecodeError):  # the drain will put it aside
                return records.decode(item.payload).arrived_at
    return None


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"goatapi_{name}", text, value=value)
