"""Figures of the outbox, looked up in its rows when Prometheus asks."""

from django.db import connections  # noqa: TID251  # closed only: each question comes in a thread of its own
from django.utils import timezone
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from sites import outbox


class MailFigures:
    """For the web process."""

    def collect(self) -> list[Metric]:
        """See `goatapi.http.metrics.Figures`."""
        try:
            return told()
        finally:
            connections.close_all()


def told() -> list[Metric]:
    """The figures."""
    oldest = outbox.oldest_waiting()
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    return [
        _gauge("mail_oldest_seconds", "Age of the oldest mail not sent yet.", age),
        _gauge("mail_given_up", "Mails given up in the last two weeks.", outbox.given_up()),
    ]


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"goatapi_{name}", text, value=value)
