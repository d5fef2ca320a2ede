"""Questions about exports. Every one about a person's export names the site first."""

from datetime import datetime, timedelta
from typing import TypeAlias

from django.db.models import Exists, OuterRef, Q, QuerySet

from exports.models import Export, State
from goatapi.errors import NotFound

KEPT = timedelta(hours=24)
OPEN = (State.QUEUED, State.RUNNING)
PAGE, MAX_PAGE = 20, 100
"""Exports in an answer: when nobody says how many, and at most."""

Exports: TypeAlias = QuerySet[Export]


def export_of(*, site_id: int, export_id: int) -> Export:
    """The site's export. Errors: `NotFound` when absent or another site's."""
    export = _with_asker(site_id).filter(pk=export_id).first()
    if export is None:
        raise NotFound
    return export


def exports_of(*, site_id: int, limit: int, before: int | None = None) -> tuple[list[Export], bool]:
    """The site's newest exports, at most `limit`, with ids below `before`; and whether there are more."""
    rows = _with_asker(site_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows.order_by("-id")[: limit + 1])
    return page[:limit], len(page) > limit


def open_exports(*, site_id: int) -> int:
    """How many exports of the site wait or run."""
    return Export.objects.filter(site_id=site_id, state__in=OPEN).count()


def newest_export_id(*, site_id: int, user_id: int) -> int:
    """The id of the person's newest export of the site; 0 for none."""
    mine = Export.objects.filter(site_id=site_id, user_id=user_id).order_by("-pk")
    return mine.values_list("pk", flat=True).first() or 0


def last_finished(*, site_id: int) -> Export | None:
    """The site's newest export that has a cursor to go on from."""
    finished = Export.objects.filter(site_id=site_id, last_hit_id__isnull=False)
    return finished.order_by("-pk").first()


def ahead_of(export: Export) -> int:
    """How many exports of the same site are built before this one, which waits."""
    open_ones = Export.objects.filter(site_id=export.site_id, state__in=OPEN)
    return open_ones.filter(Q(state=State.RUNNING) | Q(pk__lt=export.pk)).count()


def claimable(*, now: datetime) -> Exports:
    """Exports that a worker may take, oldest first.

    Running ones whose lease has lapsed; queued ones whose time has come and whose site has none running.
    """
    busy = Export.objects.filter(site_id=OuterRef("site_id"), state=State.RUNNING)
    due = Q(lease_until=None) | Q(lease_until__lt=now)
    return Export.objects.filter(
        Q(state=State.QUEUED) & due & ~Exists(busy) | Q(state=State.RUNNING, lease_until__lt=now)
    ).order_by("pk")


def done() -> Exports:
    """Exports whose file is there to be downloaded."""
    return Export.objects.filter(state=State.DONE).order_by("pk")


def lapsed(*, before: datetime) -> Exports:
    """Running exports whose lease has ended before then."""
    return Export.objects.filter(state=State.RUNNING, lease_until__lt=before)


def left_waiting(*, now: datetime, since: datetime) -> Exports:
    """Exports that a worker may take and none has taken since then."""
    return claimable(now=now).filter(state=State.QUEUED, created_at__lt=since)


def outdated(*, now: datetime) -> Exports:
    """Finished exports whose file has been kept long enough."""
    return Export.objects.filter(state=State.DONE, finished_at__lt=now - KEPT)


def _with_asker(site_id: int) -> Exports:
    return Export.objects.filter(site_id=site_id).select_related("user", "api_key")
