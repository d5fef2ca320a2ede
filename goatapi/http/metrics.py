"""Figures for Prometheus, on ports of their own that only the machine itself can reach.

Each process serves its own: `GOATAPI_METRICS_PORT` is the web process's, the next one the drain's, and those
behind are for further web processes. The worker has none: its children would have to share one, and what it
does is seen in the rows, also when it is dead, by the first web process. No figure names a tenant. Their
meaning, and what to watch: docs/operations.md.
"""

import logging
from contextlib import suppress
from threading import Lock
from typing import Protocol

from prometheus_client import (
    REGISTRY,
    Counter,
    Histogram,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from goatapi.env import METRICS_OF

SAMPLED = 16
"""Of so many `/count` requests one is timed: a histogram costs two microseconds, a tenth of the request."""

log = logging.getLogger("goatapi.metrics")

# A second series for each; when the process began tells as much.
disable_created_metrics()  # type: ignore[no-untyped-call]  # publishes no type for it

LIMITER_FAILURES = Counter(
    "goatapi_limiter_failures",
    "Requests that passed unlimited because the rate limit store did not answer.",
    ["limit"],
)
STORED_HITS = Counter("goatapi_stored_hits", "Pageviews that the drain has counted.")
DROPPED_HITS = Counter(
    "goatapi_dropped_hits",
    "Pageviews that were not counted, as the drain learns of it.",
    ["reason"],
)
JOURNAL_DAMAGE = Counter("goatapi_journal_damage", "Damaged ranges found in the journal.")
REFUSED_HITS = Counter("goatapi_refused_hits", "Pageviews put in quarantine: the database refused.")
DRAIN_SECONDS = Histogram(
    "goatapi_drain_step_seconds",
    "Seconds of one transaction of the drain.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30),
)
REQUEST_SECONDS = Histogram(
    "goatapi_request_seconds",
    "Seconds of a request that Django answers, by route and class of status.",
    ["endpoint", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
COUNT_SECONDS = Histogram(
    "goatapi_count_seconds",
    f"Seconds of /count at the door; of {SAMPLED} requests one is timed.",
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5),
)
DATABASE_OUTAGES = Counter("goatapi_database_outages", "Times that the database began to be away.")
DATABASE_BUSY = Counter(
    "goatapi_database_busy", "Requests refused because the database took too long for them alone."
)
EXPORT_SECONDS = Histogram(
    "goatapi_export_seconds",
    "Seconds from asking for an export to its end, for those this host has built.",
    ["state"],
    buckets=(1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)


class Figures(Protocol):
    """Figures that are looked up when they are asked for."""

    def collect(self) -> list[Metric]:
        """What stands now."""


class Shown(Collector):
    """Figures in a registry. A failure to look them up leaves them out, and not all the others."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def describe(self) -> list[Metric]:
        """Nothing: otherwise they would be looked up when they are registered."""
        return []

    def collect(self) -> list[Metric]:
        """See `Figures`."""
        try:
            return self._figures.collect()
        except Exception as error:  # noqa: BLE001  # a database, a disk: whatever it is, it is seen elsewhere too
            log.warning("some figures are missing: %r", error)
            return []


class Accepted:
    """Pageviews acknowledged, by the way in; added to from any thread."""

    def __init__(self) -> None:
        self._numbers = dict.fromkeys(("count", "api"), 0)
        self._lock = Lock()

    def add(self, way: str, number: int) -> None:
        """`way` is `count` or `api`."""
        with self._lock:
            self._numbers[way] += number

    def collect(self) -> list[Metric]:
        """See `Figures`."""
        text = "Pageviews acknowledged, by the way in."
        shown = CounterMetricFamily("goatapi_accepted_hits", text, labels=["way"])
        for way, number in self._numbers.items():
            shown.add_metric([way], number)
        return [shown]


# A series that begins with its first event never seems to rise: those that alarms ask about begin with 0.
for _state in ("done", "failed"):
    EXPORT_SECONDS.labels(_state)
for _limit in ("api", "api-count", "login"):
    LIMITER_FAILURES.labels(_limit)

ACCEPTED = Accepted()
REGISTRY.register(Shown(ACCEPTED))


def serve(process: str, first_port: int, *figures: Figures, processes: int = 1) -> None:
    """Answer on 127.0.0.1 for `process`, one of `env.METRICS_OF`; not at all when `first_port` is 0.

    Of several `processes` of this kind each takes the first port that is free. `figures` are the host's: only
    who has the first port shows them, so that they can be added up. A dead one's port is its successor's.
    """
    if not first_port:
        return
    further = first_port + len(METRICS_OF)
    ports = [first_port + METRICS_OF.index(process), *range(further, further + processes - 1)]
    for port in ports:
        with suppress(OSError):
            start_http_server(port, addr="127.0.0.1")
            for each in figures if port == ports[0] else ():
                REGISTRY.register(Shown(each))
            return
    log.error("no metrics: another process has port %s", " and ".join(map(str, ports)))
