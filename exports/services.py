"""What happens to exports. A worker that dies leaves a lease that lapses; nothing else needs undoing."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from exports import files, queries
from exports.models import Export, State
from exports.writers import write_csv
from goatapi.errors import GoatapiError
from sites.tenancy import SiteRef
from storage.registry import storage

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 3
MAX_HIT_ID = 2**63 - 1

log = logging.getLogger("goatapi.exports")


class Lost(Exception):
    """The export was cancelled, or another worker holds it now."""


class Stopping(Exception):
    """The worker has to leave; the export waits for the next one."""


def start_export(*, site: SiteRef, format: str, start_from_hit_id: int | None) -> Export:
    """Queue an export of `site`; a worker is rung when the row is committed.

    Errors: `GoatapiError` for an unknown format or a cursor that is none.
    """
    if format not in ("", "csv"):
        raise GoatapiError(f'unknown format: "{format}"')
    if start_from_hit_id is not None and not 0 <= start_from_hit_id <= MAX_HIT_ID:
        raise GoatapiError("start_from_hit_id must be a hit id, 0 or higher")
    now = timezone.now()
    with transaction.atomic():
        export = Export.objects.create(
            site_id=site.id,
            format=format or "csv",
            start_from_hit_id=start_from_hit_id,
            created_at=now,
            file_name=f"goatcounter-export-{site.code}-{now:%Y%m%dT%H%M%SZ}"
            f"-{start_from_hit_id or 0}.csv.gz",
        )
        transaction.on_commit(lambda: ring(export.pk))
    return export


def ring(export_id: int) -> None:
    """Tell a worker. Without Redis the background process finds the row itself."""
    from exports import tasks  # noqa: PLC0415  # tasks call these services

    if not settings.ENVIRONMENT.redis_url:
        return
    try:
        tasks.build.delay(export_id)
    except Exception:  # noqa: BLE001  # any failure of the broker: the sweep rings again
        log.warning("the queue does not answer; export %d waits for the sweep", export_id)


def cancel_export(*, site: SiteRef, export_id: int) -> None:
    """Stop and remove an export. Errors: `NotFound`."""
    export = queries.export_of(site_id=site.id, export_id=export_id)
    export.delete()
    files.remove(site_id=site.id, export_id=export_id)


def build_export(
    export_id: int, *, owner: str, stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Take the export and build its file; False if there was nothing to take.

    Safe to call any number of times, from any number of workers: one holds the lease. When
    `stopping` says so, the export is given back within a batch of rows.
    """
    try:
        export = _claim(export_id, owner)
    except Lost:
        return False
    if export is None:
        return False
    try:
        _write(export, owner, stopping)
    except Stopping:
        _give_back(export, owner)
    except Lost:
        log.info("export %d was taken away or cancelled", export_id)
        _remove_if_gone(export)
    except Exception as error:
        log.exception("export %d failed in attempt %d", export_id, export.attempts)
        _fail(export, owner, error)
    return True


def release_all(*, owner_prefix: str) -> int:
    """Queue again what dead workers of this host left running. For the start of a host's only worker."""
    left = Export.objects.filter(state=State.RUNNING, owner__startswith=owner_prefix)
    return left.update(state=State.QUEUED, owner="", lease_until=None)


def expire(*, now: datetime) -> int:
    """Delete files of exports that ended over 24 h ago, and files that belong to no export."""
    count = 0
    for export in queries.outdated(now=now):
        files.remove(site_id=export.site_id, export_id=export.pk)
        count += Export.objects.filter(pk=export.pk, state=State.DONE).update(state=State.EXPIRED)
    for site_id, export_id in files.kept():
        if not Export.objects.filter(pk=export_id, site_id=site_id).exists():
            files.remove(site_id=site_id, export_id=export_id)
    return count


def _claim(export_id: int, owner: str) -> Export | None:
    now = timezone.now()
    waiting = queries.claimable(now=now).filter(pk=export_id)
    taken = waiting.update(state=State.RUNNING, owner=owner, lease_until=now + LEASE)
    if not taken:
        return None
    export = Export.objects.get(pk=export_id)
    export.attempts += 1
    export.upto_hit_id = storage().vault.visible_upto(export.site_id)
    _update(export, owner, attempts=export.attempts, upto_hit_id=export.upto_hit_id)
    if export.attempts > MAX_ATTEMPTS:  # the workers that had it died of it
        _fail(export, owner, RuntimeError("its workers died"))
        return None
    return export


def _write(export: Export, owner: str, stopping: Callable[[], bool]) -> None:
    start = export.start_from_hit_id or 0
    batches = storage().vault.scan(export.site_id, after=start, upto=export.upto_hit_id or 0)
    with files.writing(
        site_id=export.site_id, export_id=export.pk, name=export.file_name
    ) as target:
        rows, last = write_csv(target, batches, progress=_heartbeat(export, owner, stopping))
        _update(export, owner, lease_until=timezone.now() + LEASE)
    _update(
        export,
        owner,
        state=State.DONE,
        finished_at=timezone.now(),
        num_rows=rows,
        last_hit_id=start if last is None else last,
        size_bytes=target.size,
        sha256=target.hexdigest(),
        error="",
    )


def _heartbeat(export: Export, owner: str, stopping: Callable[[], bool]) -> Callable[[int], None]:
    """Holds the lease while rows are written, with an update at most every few seconds."""
    due = timezone.now() + LEASE / 10

    def beat(rows: int) -> None:
        nonlocal due
        if stopping():
            raise Stopping
        now = timezone.now()
        if now >= due:
            due = now + LEASE / 10
            _update(export, owner, lease_until=now + LEASE, num_rows=rows)

    return beat


def _give_back(export: Export, owner: str) -> None:
    """As if it had never been taken."""
    Export.objects.filter(pk=export.pk, state=State.RUNNING, owner=owner).update(
        state=State.QUEUED, owner="", lease_until=None, attempts=export.attempts - 1
    )


def _update(export: Export, owner: str, **values: object) -> None:
    """Change a row that is still ours. Errors: `Lost`."""
    held = Export.objects.filter(pk=export.pk, state=State.RUNNING, owner=owner)
    if not held.update(**values):
        raise Lost


def _remove_if_gone(export: Export) -> None:
    if not Export.objects.filter(pk=export.pk).exists():
        files.remove(site_id=export.site_id, export_id=export.pk)


def _fail(export: Export, owner: str, error: Exception) -> None:
    """Queue it again, or give up: `finished_at` is set then, so that a client's loop ends."""
    held = Export.objects.filter(pk=export.pk, state=State.RUNNING, owner=owner)
    if export.attempts < MAX_ATTEMPTS:
        held.update(state=State.QUEUED, owner="", lease_until=None)
        return
    files.remove(site_id=export.site_id, export_id=export.pk)
    held.update(
        state=State.FAILED,
        finished_at=timezone.now(),
        error=f"the export could not be built ({type(error).__name__}); please start a new one",
    )
