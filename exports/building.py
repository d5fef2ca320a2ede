"""Building an export: claim, write under a lease, publish.

One conditional update claims, one publishes; whatever happens between the two is seen by nobody. A worker that
dies leaves a lease that lapses; nothing else needs undoing.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from math import ceil

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from exports import bell, files, notices, queries, writers
from exports.models import Export, State
from storage.registry import storage
from storage.types import Span

LEASE = timedelta(seconds=15)
"""With the sweep's five seconds, what a killed worker left is taken up again within twenty."""

HEARTBEAT = timedelta(seconds=1)
"""Also how long a cancelled export goes on, and how old the progress is that a page shows."""

WAITS = (timedelta(seconds=5), timedelta(seconds=30))
"""Before the second and the third attempt, when one has failed with an error."""

MAX_ATTEMPTS = len(WAITS) + 1

log = logging.getLogger("goatapi.exports")


class Lost(Exception):
    """The export was cancelled, or another worker holds it now."""


class Stopping(Exception):
    """The worker has to leave; the export waits for the next one."""


def build_export(
    export_id: int, *, owner: str, stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Take the export and build its file; False if there was nothing to take.

    Safe to call any number of times, from any number of workers: one holds the lease. When
    `stopping` says so, the export is given back within a batch of rows.
    """
    claim = claim_export(export_id, owner=owner)
    if claim is None:
        return False
    try:
        claim.build(stopping)
    except Stopping:
        claim.give_back()
    except Lost:
        log.info("export %d was taken away or cancelled", export_id)
        claim.tidy_up()
    except Exception as error:
        log.exception("export %d failed in attempt %d", export_id, claim.export.attempts)
        claim.fail(error)
    bell.ring_next(claim.export.site_id)
    return True


def claim_export(export_id: int, *, owner: str) -> "Claim | None":
    """Take the export, if it waits and nothing else of its site runs; None if not.

    That second condition is kept by an index of the database, so it holds whoever asks at the same time.
    """
    token = secrets.token_hex(6)
    name = f"{owner}/{token}"
    now = timezone.now()
    try:
        with transaction.atomic():
            taken = (
                queries.claimable(now=now)
                .filter(pk=export_id)
                .update(
                    state=State.RUNNING,
                    owner=name,
                    lease_until=now + LEASE,
                    attempts=F("attempts") + 1,
                )
            )
    except IntegrityError:  # another of the site was faster
        return None
    export = Export.objects.filter(pk=export_id, owner=name).first() if taken else None
    if export is None:
        return None
    claim = Claim(export, token)
    if export.attempts > MAX_ATTEMPTS:  # the workers that had it died of it
        claim.fail(RuntimeError("its workers died"))
        return None
    return claim


class Claim:
    """One worker's hold on one export. `token` is in the names of its files, so that they are its alone."""

    def __init__(self, export: Export, token: str) -> None:
        self.export = export
        self._name = f"{token}-{export.file_name}"
        self._key = files.key_of(export, self._name)
        self._due = timezone.now() + HEARTBEAT
        self._stopping: Callable[[], bool] = lambda: False
        self._rows, self._reached = 0, export.start_from_hit_id or 0

    def build(self, stopping: Callable[[], bool]) -> None:
        """Write the file, have it kept, publish it by the row. Errors: `Lost`, `Stopping`, others."""
        self._stopping = stopping
        upto = storage().vault.visible_upto(self.export.site_id)
        self._update(upto_hit_id=upto, **self._so_far())
        with files.writing(self._key, beat=self._beat) as target:
            rows = self._write(target, upto)
            self._reached = max(self._reached, upto)
            self._update(lease_until=timezone.now() + LEASE, **self._so_far())
        with transaction.atomic():
            self._update(
                state=State.DONE,
                finished_at=timezone.now(),
                num_rows=rows,
                last_hit_id=self._reached,
                size_bytes=target.size,
                sha256=target.hexdigest(),
                stored_as=self._name,
                error="",
            )
            notices.tell(self.export.pk)
        files.keep_only(self.export, self._name)

    def give_back(self) -> None:
        """As if it had never been taken."""
        self._held().update(
            state=State.QUEUED, owner="", lease_until=None, attempts=F("attempts") - 1
        )

    def fail(self, error: Exception) -> None:
        """Queue it again for later, or give up: `finished_at` is set then, so that a client's loop ends."""
        if self.export.attempts < MAX_ATTEMPTS:
            wait = WAITS[self.export.attempts - 1]
            self._held().update(state=State.QUEUED, owner="", lease_until=timezone.now() + wait)
            return
        text = f"the export could not be built ({type(error).__name__}); please start a new one"
        with transaction.atomic():
            held = self._held().update(state=State.FAILED, finished_at=timezone.now(), error=text)
            if held:
                notices.tell(self.export.pk)
        if held:
            files.remove_soon(site_id=self.export.site_id, export_id=self.export.pk)

    def tidy_up(self) -> None:
        """Remove what this claim has left; all of it if the export is gone."""
        if Export.objects.filter(pk=self.export.pk).exists():
            files.drop(self._key)
        else:
            files.remove_soon(site_id=self.export.site_id, export_id=self.export.pk)

    def _write(self, target: files.DigestingFile, upto: int) -> int:
        scan = partial(
            storage().vault.scan_shaped,
            self.export.site_id,
            after=self.export.start_from_hit_id or 0,
            upto=upto,
            within=span_of(self.export),
            limit=writers.BATCHES[self.export.format],
        )
        return writers.write(target, self.export.format, scan, progress=self._progress)

    def _progress(self, rows: int, reached: int) -> None:
        self._rows, self._reached = rows, reached
        self._beat()

    def _so_far(self) -> dict[str, int]:
        return {"num_rows": self._rows, "reached_hit_id": self._reached}

    def _beat(self) -> None:
        """Holds the lease and tells how far it is, once a second. Errors: `Lost`, `Stopping`."""
        if self._stopping():
            raise Stopping
        now = timezone.now()
        if now >= self._due:
            self._due = now + HEARTBEAT
            self._update(lease_until=now + LEASE, **self._so_far())

    def _update(self, **values: object) -> None:
        """Change a row that is still ours. Errors: `Lost`."""
        if not self._held().update(**values):
            raise Lost

    def _held(self) -> "queries.Exports":
        return Export.objects.filter(
            pk=self.export.pk, state=State.RUNNING, owner=self.export.owner
        )


def span_of(export: Export) -> Span:
    """The export's filter in whole seconds, as pageviews have them."""
    return Span(
        *(None if at is None else ceil(at.timestamp()) for at in (export.start, export.end))
    )
