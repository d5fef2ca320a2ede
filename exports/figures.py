"""Figures of the exports, looked up in their rows when Prometheus asks: whoever has built them, they are there."""

from datetime import datetime, timedelta

from django.db import connections  # noqa: TID251  # closed only: each question comes in a thread of its own
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from exports.models import Export, State
from goatapi.http import metrics

OPEN = (State.QUEUED, State.RUNNING)
LATE = timedelta(minutes=1)
"""So much later than its `finished_at` a row may become visible."""


class ExportFigures:
    """For the web process. `owner_prefix`: whose exports are timed, so that of several hosts one does it."""

    def __init__(self, *, owner_prefix: str) -> None:
        self._owner_prefix = owner_prefix
        self._since = self._last = timezone.now()
        self._timed: dict[int, datetime] = {}

    def collect(self) -> list[Metric]:
        """See `goatapi.http.metrics.Figures`."""
        try:
            return self._told(timezone.now())
        finally:
            connections.close_all()

    def _told(self, now: datetime) -> list[Metric]:
        self._time(now)
        return [_by_state(), _oldest_open(now)]

    def _time(self, now: datetime) -> None:
        """Put what has ended since the last time into the histogram, each once."""
        self._timed = {pk: at for pk, at in self._timed.items() if at >= self._last - LATE}
        ended = Export.objects.filter(
            owner__startswith=self._owner_prefix,
            finished_at__gte=max(self._since, self._last - LATE),
        ).values_list("pk", "state", "created_at", "finished_at")
        for pk, state, created_at, finished_at in ended:
            if pk not in self._timed and finished_at:
                seconds = (finished_at - created_at).total_seconds()
                metrics.EXPORT_SECONDS.labels(_outcome(state)).observe(seconds)
                self._timed[pk] = finished_at
        self._last = now


def _outcome(state: str) -> str:
    return str(State.FAILED if state == State.FAILED else State.DONE)


def _by_state() -> Metric:
    counts = dict(Export.objects.values_list("state").annotate(Count("pk")).order_by())
    shown = GaugeMetricFamily("goatapi_exports", "Exports by state.", labels=["state"])
    for state in State.values:
        shown.add_metric([state], counts.get(state, 0))
    return shown


def _oldest_open(now: datetime) -> Metric:
    oldest = Export.objects.filter(state__in=OPEN).aggregate(at=Min("created_at"))["at"]
    return GaugeMetricFamily(
        "goatapi_export_oldest_seconds",
        "Age of the oldest export that waits or runs.",
        value=(now - oldest).total_seconds() if oldest else 0.0,
    )
