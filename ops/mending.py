"""What the doctor may mend by itself: only what is safe in the middle of traffic, and safe to do twice."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from exports import services
from ops.checks import LAPSED, host_backlog, host_positions
from storage.registry import storage

ORPHANED = timedelta(days=1)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait for another doctor of this host that mends: each would meet what the other has just moved."""
    folder = os.open(settings.ENVIRONMENT.data_dir, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def quarantine() -> Iterator[str]:
    """Feed back what is a sound record: the drain tries it again, and puts it back if it is still refused."""
    kept = host_backlog().kept
    files = kept.files()
    positions = host_positions()  # after the files were read: see `is_settled`
    for each in files:
        if not each.payloads():
            yield f"{each.path.name} is left: it is damaged"
        elif not kept.is_settled(each, positions):
            yield f"{each.path.name} is left: the drain is not done with its segment"
        else:
            kept.feed_back(each)
            yield f"{each.path.name} is fed back, with {each.hits()} pageviews"


def exports() -> Iterator[str]:
    """Queue what lost its worker, give up what lost its file, remove what lost its row."""
    now = timezone.now()
    yield f"{services.release_lapsed(before=now - LAPSED)} exports are queued again"
    yield f"{services.give_up_lost()} exports without their file are marked as expired"
    yield f"files of {services.remove_orphans(before=now - ORPHANED)} deleted exports are removed"


def ledger() -> Iterator[str]:
    """Raise ledgers that would give out ids a second time."""
    for site_id in storage().audit.site_ids():
        if behind := storage().audit.census(site_id).behind:
            storage().audit.catch_up(site_id)
            raised = ", ".join(f"{name} to {stored}" for name, (_, stored) in behind.items())
            yield f"the ledger of site {site_id} is raised: {raised}"


def rollups() -> Iterator[str]:
    """Make anew what differs from its rows, where all rows are there."""
    for site_id in storage().audit.site_ids():
        census = storage().audit.census(site_id)
        if not census.drift():
            continue
        if census.can_recount():
            storage().audit.recount(site_id)
            yield f"the rollups of site {site_id} are made anew from {census.rows} rows"
        else:
            yield f"the rollups of site {site_id} are left: not all of its pageviews have rows"


MENDING: dict[str, Callable[[], Iterator[str]]] = {
    "quarantine": quarantine,
    "exports": exports,
    "ledger": ledger,
    "rollups": rollups,
}
