"""The bell: tells a worker that an export waits. The rows are the truth, so a ring that is lost costs a sweep."""

import logging

from django.conf import settings
from django.utils import timezone

from exports import queries

log = logging.getLogger("goatapi.exports")


def ring(export_id: int) -> None:
    """Tell a worker. Without Redis the background process finds the row itself."""
    if not settings.ENVIRONMENT.redis_url:
        return
    from exports import tasks  # noqa: PLC0415  # tasks call the services, which ring; Celery is large

    try:
        tasks.build.delay(export_id)
    except Exception:  # noqa: BLE001  # any failure of the broker: the sweep rings again
        log.warning("the queue does not answer; export %d waits for the sweep", export_id)


def ring_next(site_id: int) -> None:
    """Tell a worker of the site's next export, now that none of it runs."""
    waiting = queries.claimable(now=timezone.now()).filter(site_id=site_id)
    if (export_id := waiting.values_list("pk", flat=True).first()) is not None:
        ring(export_id)
