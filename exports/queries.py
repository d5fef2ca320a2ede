"""Questions about exports. Every one about a person's export names the site first."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from exports.models import Export, State
from goatapi.errors import NotFound

KEPT = timedelta(hours=24)


def export_of(*, site_id: int, export_id: int) -> Export:
    """The site's export. Errors: `NotFound` when absent or another site's."""
    export = Export.objects.filter(site_id=site_id, pk=export_id).first()
    if export is None:
        raise NotFound
    return export


def exports_of(*, site_id: int, limit: int, before: int | None = None) -> tuple[list[Export], bool]:
    """The site's newest exports, at most `limit`, with ids below `before`; and whether there are more."""
    rows = Export.objects.filter(site_id=site_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows.order_by("-id")[: limit + 1])
    return page[:limit], len(page) > limit


def claimable(*, now: datetime) -> QuerySet[Export]:
    """Exports that a worker may take: queued ones, and running ones whose lease has lapsed."""
    return Export.objects.filter(
        Q(state=State.QUEUED) | Q(state=State.RUNNING, lease_until__lt=now)
    )


def outdated(*, now: datetime) -> QuerySet[Export]:
    """Finished exports whose file has been kept long enough."""
    return Export.objects.filter(state=State.DONE, finished_at__lt=now - KEPT)
