"""What is done with exports: start, build, cancel, expire."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from exports import bell, files, queries
from exports.building import build_export
from exports.models import Export, Format, State
from goatapi.errors import AlreadyDone, GoatapiError, TooMany
from sites import audit
from sites.models import ApiKey, Site, User
from sites.tenancy import SiteRef

__all__ = [
    "build_export",
    "cancel_export",
    "expire",
    "give_up_lost",
    "note_download",
    "release_all",
    "release_lapsed",
    "remove_orphans",
    "start_export",
]

MAX_OPEN = 5
"""Exports of one site that may wait or run at once; one of them runs, the others wait for it."""

RETRY_AFTER = 30
MAX_HIT_ID = 2**63 - 1


def start_export(
    *,
    site: SiteRef,
    format: str = "",
    start_from_hit_id: int | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    user: User | None = None,
    api_key: ApiKey | None = None,
    mail: bool = False,
    after: int | None = None,
) -> Export:
    """Queue an export of `site`; a worker is rung when the row is committed.

    `start` (included) and `end` (not included) are about `created_at`. Asked for by a person (`user`, who is
    told of its end with `mail`) or with a key. `after` is the newest export of that person that they knew of
    (0: none), for forms that may come twice.

    Errors: `GoatapiError` for an unknown format, a cursor that is none or a span that is none;
    `TooMany` when too many wait or run; `AlreadyDone` when there is one after `after`.
    """
    kind = _format(format)
    _check(start_from_hit_id, start, end)
    now = timezone.now()
    with transaction.atomic():
        _lock(site.id)
        _make_sure_it_is_new(site.id, user, after)
        _make_sure_of_room(site.id)
        export = Export.objects.create(
            site_id=site.id,
            user=user,
            api_key=api_key,
            mail=mail,
            format=kind,
            start_from_hit_id=start_from_hit_id,
            start=start,
            end=end,
            created_at=now,
            file_name=f"goatcounter-export-{site.code}-{now:%Y%m%dT%H%M%SZ}"
            f"-{start_from_hit_id or 0}{kind.suffix}",
        )
        _note("started", site, export, user, api_key)
        transaction.on_commit(lambda: bell.ring(export.pk))
    return export


def note_download(
    *, site: SiteRef, export: Export, user: User | None = None, api_key: ApiKey | None = None
) -> None:
    """Keep in the audit log that its file, or a part of it, goes to this person, or to who has this key."""
    _note("downloaded", site, export, user, api_key)


def cancel_export(
    *, site: SiteRef, export_id: int, user: User | None = None, api_key: ApiKey | None = None
) -> None:
    """Remove an export; a worker that builds it notices at its next heartbeat. Errors: `NotFound`."""
    with transaction.atomic():
        export = queries.export_of(site_id=site.id, export_id=export_id)
        _note("deleted", site, export, user, api_key)
        export.delete()
    files.remove_soon(site_id=site.id, export_id=export_id)
    bell.ring_next(site.id)


def release_all(*, owner_prefix: str) -> int:
    """Queue again what dead workers of this host left running. For the start of a host's only worker."""
    left = Export.objects.filter(state=State.RUNNING, owner__startswith=owner_prefix)
    return left.update(state=State.QUEUED, owner="", lease_until=None)


def release_lapsed(*, before: datetime) -> int:
    """Queue again what has had no worker since then; the one that comes back finds that it has lost it."""
    return queries.lapsed(before=before).update(state=State.QUEUED, owner="", lease_until=None)


def give_up_lost() -> int:
    """Mark finished exports whose file is not what the row says as expired: clients are told 410, as before.

    They are not built again: what is new since then would be in the file and not in the cursor.
    """
    lost = [export.pk for export in queries.done() if files.size_of(export) != export.size_bytes]
    return Export.objects.filter(pk__in=lost, state=State.DONE).update(state=State.EXPIRED)


def remove_orphans(*, before: datetime) -> int:
    """Delete files that belong to no export and have not been touched since then."""
    orphans = files.orphans(before=before)
    for site_id, export_id in orphans:
        files.remove(site_id=site_id, export_id=export_id)
    return len(orphans)


def expire(*, now: datetime) -> int:
    """Delete files of exports that ended over 24 h ago, and files that belong to no export."""
    count = 0
    for export in queries.outdated(now=now):
        files.remove(site_id=export.site_id, export_id=export.pk)
        count += Export.objects.filter(pk=export.pk, state=State.DONE).update(state=State.EXPIRED)
    for site_id, export_id in files.kept():
        if not Export.objects.filter(pk=export_id, site_id=site_id).exists():
            files.remove(site_id=site_id, export_id=export_id)
    files.clean()
    return count


def _note(
    deed: str, site: SiteRef, export: Export, user: User | None, api_key: ApiKey | None
) -> None:
    """What was done with a key was done by whose key it is."""
    audit.record(
        account_id=site.account_id,
        actor=user or (api_key.user if api_key else None),
        action=f"export.{deed}",
        target=export.file_name,
        details={"export": str(export.pk), "site": site.code, "state": export.state}
        | ({"key": api_key.name} if api_key else {}),
    )


def _format(format: str) -> Format:
    try:
        return Format(format or Format.CSV)
    except ValueError:
        raise GoatapiError(f'unknown format: "{format}"') from None


def _check(start_from_hit_id: int | None, start: datetime | None, end: datetime | None) -> None:
    if start_from_hit_id is not None and not 0 <= start_from_hit_id <= MAX_HIT_ID:
        raise GoatapiError("start_from_hit_id must be a hit id, 0 or higher")
    if start and end and start >= end:
        raise GoatapiError("start must be before end")


def _lock(site_id: int) -> None:
    """The site's row, so two requests at once do not both take the last place.

    SQLite knows no such lock and needs none: the transaction has the only write lock from its begin.
    """
    Site.objects.select_for_update(no_key=True).filter(pk=site_id).values_list("pk").first()


def _make_sure_it_is_new(site_id: int, user: User | None, after: int | None) -> None:
    if user is None or after is None:
        return
    if queries.newest_export_id(site_id=site_id, user_id=user.pk) != after:
        raise AlreadyDone("an export was started since this form was opened")


def _make_sure_of_room(site_id: int) -> None:
    if queries.open_exports(site_id=site_id) >= MAX_OPEN:
        raise TooMany(
            f"{MAX_OPEN} exports of this site are waiting or running; "
            "wait for one to finish, or delete one",
            retry_after=RETRY_AFTER,
        )
