"""The doctor's checks, one small function each. All but `STORED` do without a database."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from exports import files, queries
from goatapi.env import host_id
from hits.backlog import Backlog
from hits.figures import waiting
from hits.journal import bytes_used
from hits.quarantine import Kept
from hits.segments import Damage, is_torn
from ops.doctor import Finding, Level
from ops.management.commands.prepare import is_current
from sites import outbox
from storage.registry import storage
from storage.types import Census

WAITING = timedelta(minutes=1)
"""What waits longer than that in the journal: the drain is away, or can not keep up."""

LAPSED = timedelta(seconds=30)
"""A lease that lapsed is taken up by the sweep within five seconds, if there is a worker."""

UNSENT = timedelta(minutes=10)
UNBUILT = timedelta(minutes=10)
ORPHANED = timedelta(minutes=10)
"""The worker removes such files itself every five minutes."""

SCARCE = 64 << 20
SHOWN = 5


def host_backlog() -> Backlog:
    """This host's journal, for looking at."""
    folder = settings.ENVIRONMENT.data_dir
    return Backlog(folder / "journal", host=host_id(folder))


def host_positions() -> dict[str, int]:
    """How far it is drained."""
    return storage().ledger.positions(f"{host_id(settings.ENVIRONMENT.data_dir)}.")


def database() -> Iterator[Finding]:
    """Whether it answers; without it the rest can not be asked."""
    try:
        storage().version()
    except Exception as error:  # noqa: BLE001  # whatever keeps it from answering
        what = f"the database does not answer: {' '.join(str(error).split())}"
        mend = "pageviews wait in the journal until it is back; see that GOATAPI_JOURNAL_MAX is not reached"
        yield Finding("database", Level.DAMAGE, "DATABASE_URL", what, mend)


def migrations() -> Iterator[Finding]:
    """Whether the tables are those that this version needs."""
    for alias in settings.DATABASES:
        if not is_current(alias):
            what = "migrations are not applied"
            yield Finding("migrations", Level.DAMAGE, alias, what, "run manage.py prepare")


def drain() -> Iterator[Finding]:
    """Whether one runs on this host."""
    if not host_backlog().is_claimed():
        what = "nobody holds the lock of the drain: none is running"
        mend = "start manage.py drain; pageviews wait in the journal meanwhile"
        yield Finding("drain", Level.WARNING, "journal/drain.lock", what, mend)


def disk() -> Iterator[Finding]:
    """Whether the journal has the room that it is allowed to take."""
    folder = settings.ENVIRONMENT.data_dir
    free = shutil.disk_usage(folder).free
    needed = settings.ENVIRONMENT.journal_max - bytes_used(folder / "journal")
    if free < max(needed, SCARCE):
        level = Level.DAMAGE if free < SCARCE else Level.WARNING
        what = (
            f"{free >> 20} MiB are free, and the journal may take {max(0, needed) >> 20} MiB more"
        )
        mend = "free some space, or set GOATAPI_JOURNAL_MAX lower"
        yield Finding("disk", level, str(folder), what, mend)


def quarantine() -> Iterator[Finding]:
    """What the drain could not store."""
    kept = host_backlog().kept.files()
    sound = [each for each in kept if each.payloads()]
    damaged = [each for each in kept if not each.payloads()]
    if sound:
        what = f"{len(sound)} records with {sum(each.hits() for each in sound)} pageviews could not be stored"
        mend = "mend the cause (the drain's log names it) or upgrade, then doctor --mend quarantine"
        yield Finding("quarantine", Level.WARNING, _names(sound), what, mend)
    if damaged:
        size = sum(len(each.content) for each in damaged)
        what = f"{len(damaged)} ranges of the journal were damaged, {size} bytes: what they held is not counted"
        mend = "look for the cause (disk, memory); remove the files when you need them no more"
        yield Finding("quarantine", Level.DAMAGE, _names(damaged), what, mend)


def journal() -> Iterator[Finding]:
    """Positions, age, and damage that is still to be met."""
    backlog, positions = host_backlog(), host_positions()
    yield from _positions(backlog, positions)
    unread, oldest = waiting(backlog, positions)
    age = timezone.now() - datetime.fromtimestamp(oldest or 0, UTC)
    if oldest is not None and age > WAITING:
        what = f"{unread} bytes wait, the oldest for {int(age.total_seconds())} s"
        mend = "see whether the drain runs, and what its log says of the database"
        yield Finding("journal", Level.WARNING, "journal", what, mend)


def _positions(backlog: Backlog, positions: dict[str, int]) -> Iterator[Finding]:
    for segment in backlog.segments():
        position = positions.get(segment.name, 0)
        try:
            size = segment.path.stat().st_size
            ranges = [i for i in backlog.read(segment, position) if isinstance(i, Damage)]
            bad = [i for i in ranges if i.end < size or not is_torn(backlog.bytes_of(segment, i))]
        except FileNotFoundError:  # drained this moment
            continue
        if position > size:
            what = f"it is drained up to byte {position} and has {size}: it was cut or replaced"
            mend = "pageviews may be lost; if you have the whole file, put it back before the drain removes it"
            yield Finding("journal", Level.DAMAGE, segment.name, what, mend)
        for damage in bad:
            what = f"bytes {damage.start} to {damage.end} are no record"
            mend = "the drain will put them in quarantine and go on behind them; look for the cause"
            yield Finding("journal", Level.DAMAGE, segment.name, what, mend)


def pageviews() -> Iterator[Finding]:
    """Ledger = rows = rollups, for each site, and no row without its texts."""
    for site_id in storage().audit.site_ids():
        census = storage().audit.census(site_id)
        yield from _ledger(site_id, census)
        yield from _rollups(site_id, census)
        yield from _texts(site_id)


def _ledger(site_id: int, census: Census) -> Iterator[Finding]:
    where = f"site {site_id}"
    for name, (given, stored) in census.behind.items():
        what = f"there is an id {stored} in {name}, and the ledger has given ids up to {given}"
        mend = "doctor --mend ledger raises it; until then new pageviews may be refused, or get ids that are taken"
        yield Finding("ledger", Level.DAMAGE, where, what, mend)
    if census.counted < census.last_hit_id:
        what = f"its tallies tell of {census.counted} pageviews, and {census.last_hit_id} had an id"
        mend = "the table tallies was changed behind the service's back; restore its rows from a back-up"
        yield Finding("ledger", Level.DAMAGE, where, what, mend)
    if census.rows != max(census.last_hit_id, census.max_hit_id):
        yield _gaps(site_id, census)


def _gaps(site_id: int, census: Census) -> Finding:
    last = max(census.last_hit_id, census.max_hit_id)
    gap = storage().audit.first_gap(site_id)
    first = f", the first is {gap}" if gap else ""
    what = f"{last - census.rows} of {last} ids have no row{first}"
    mend = "rows were removed behind the service's back; restore them from a back-up"
    return Finding("ledger", Level.DAMAGE, f"site {site_id}", what, mend)


def _rollups(site_id: int, census: Census) -> Iterator[Finding]:
    drift = census.drift()
    if not drift:
        return
    first = drift[0]
    names = ", ".join(dict.fromkeys(each.rollup for each in drift))
    begins = datetime.fromtimestamp(first.hour * 3600, UTC)
    what = (
        f"{names} differ from the rows in {len({each.hour for each in drift})} hours, first {first.rollup} at "
        f"{begins:%Y-%m-%dT%H:00Z}: {first.surplus} visits that no row tells of, {first.missing} missing"
    )
    yield Finding("rollups", Level.DAMAGE, f"site {site_id}", what, _cure(census))


def _cure(census: Census) -> str:
    if census.behind:
        return "mend the ledger, and ask again"
    if census.can_recount():
        return "doctor --mend rollups makes them anew from the rows"
    return "not all pageviews have rows, so they can not be made anew; restore from a back-up"


def _texts(site_id: int) -> Iterator[Finding]:
    for table, count in storage().audit.nameless(site_id).items():
        what = f"{count} rows have an id that is not in {table}: exports fail, or leave them out"
        mend = f"{table} was changed behind the service's back; restore its rows from a back-up"
        yield Finding("texts", Level.DAMAGE, f"site {site_id}", what, mend)


def exports() -> Iterator[Finding]:
    """Leases, files, rows."""
    now = timezone.now()
    if lapsed := list(queries.lapsed(before=now - LAPSED).values_list("pk", flat=True)[:SHOWN]):
        what = "their worker is gone and none has taken them up"
        mend = "start manage.py worker; doctor --mend exports queues them again"
        yield Finding("exports", Level.WARNING, _exports(lapsed), what, mend)
    old = queries.left_waiting(now=now, since=now - UNBUILT).values_list("pk", flat=True)
    if waits := list(old[:SHOWN]):
        what, mend = "they wait and no worker takes them", "start manage.py worker"
        yield Finding("exports", Level.WARNING, _exports(waits), what, mend)


def export_files() -> Iterator[Finding]:
    """Every finished export has its file, every file its export."""
    lost = [each for each in queries.done() if files.size_of(each) != each.size_bytes]
    # What expires or is deleted loses its row first: asked again, it is gone.
    still = queries.done().filter(pk__in=[each.pk for each in lost]).values_list("pk", flat=True)
    if gone := list(still):
        what = "they are finished, and their file is not there or has another size"
        mend = "doctor --mend exports marks them as expired; ask for new ones"
        yield Finding("exports", Level.DAMAGE, _exports(gone), what, mend)
    if orphans := files.orphans(before=timezone.now() - ORPHANED):
        where = ", ".join(f"{site}/{export}" for site, export in orphans[:SHOWN])
        what = f"{len(orphans)} folders of files belong to no export"
        mend = "the worker removes them; without one, doctor --mend exports does after a day"
        yield Finding("exports", Level.WARNING, where, what, mend)


def _exports(ids: list[int]) -> str:
    return f"export {', '.join(map(str, ids[:SHOWN]))}"


def _names(kept: list[Kept]) -> str:
    return ", ".join(each.path.name for each in kept[:SHOWN])


def mail() -> Iterator[Finding]:
    """Whether mail goes out, and whether some was given up."""
    oldest, error = outbox.oldest_waiting(), outbox.newest_error()
    if oldest and timezone.now() - oldest > UNSENT:
        minutes = int((timezone.now() - oldest).total_seconds() / 60)
        what = f"the oldest mail has waited for {minutes} minutes; {error or 'nobody has tried to send it'}"
        mend = "start manage.py worker" if not error else "see EMAIL_URL, and the mail server's log"
        yield Finding("mail", Level.WARNING, "outbox", what, mend)
    if lost := outbox.given_up():
        what = f"{lost} mails were given up within two weeks; the last error: {error}"
        mend = "see EMAIL_URL, and the mail server's log; people have to ask for their mail again"
        yield Finding("mail", Level.WARNING, "outbox", what, mend)


LOCAL = (drain, disk, quarantine)
STORED = (migrations, journal, pageviews, exports, export_files, mail)
