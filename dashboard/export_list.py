"""Exports as the pages show them: values, with words in place of states and ids."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exports import queries
from exports.models import Export, State

STATES = {
    State.QUEUED: gettext_lazy("waiting"),
    State.RUNNING: gettext_lazy("running"),
    State.DONE: gettext_lazy("done"),
    State.FAILED: gettext_lazy("failed"),
    State.EXPIRED: gettext_lazy("expired"),
}

FORMATS = {"csv": "CSV", "ndjson": "JSON lines", "parquet": "Parquet"}

STEPS = 4
"""So often in an export its progress is said aloud; it is shown much more often."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is that is not finished.

    `looked_at` of `total` pageviews have been looked at (0 of 0: none yet), and `rows` of them are in the
    file: fewer, where `some` are left out by their dates. It waits for `ahead` others; `again`: after an attempt
    that has failed. `step` changes with what is worth to be said aloud.
    """

    rows: int
    looked_at: int
    total: int
    some: bool
    ahead: int
    again: bool
    step: str


@dataclass(frozen=True, slots=True)
class Row:
    """An export. `by`: an e-mail, or the name of a key (`by_key`), "" for who is unknown by now.

    It holds pageviews after the cursor `after`, from `start` and before `end`; `cursor` is the one to go on from.
    """

    id: int
    state: str
    state_label: str | Promise
    format: str
    format_label: str
    file_name: str
    by: str
    by_key: bool
    mail: bool
    created_at: datetime
    finished_at: datetime | None
    kept_until: datetime | None
    after: int | None
    start: datetime | None
    end: datetime | None
    rows: int | None
    bytes: int | None
    sha256: str
    cursor: int | None
    progress: Progress | None


def row(export: Export) -> Row:
    """One export."""
    done = export.state == State.DONE and export.finished_at
    return Row(
        id=export.pk,
        state=export.state,
        state_label=STATES[State(export.state)],
        format=export.format,
        format_label=FORMATS[export.format],
        file_name=export.file_name,
        by=_asker(export),
        by_key=export.api_key is not None,
        mail=export.mail,
        created_at=export.created_at,
        finished_at=export.finished_at,
        kept_until=export.finished_at + queries.KEPT if done and export.finished_at else None,
        after=export.start_from_hit_id,
        start=export.start,
        end=export.end,
        rows=export.num_rows if export.last_hit_id is not None else None,
        bytes=export.size_bytes,
        sha256=export.sha256,
        cursor=export.last_hit_id,
        progress=_progress(export) if export.state in queries.OPEN else None,
    )


def news(row: Row) -> str:
    """What is said aloud of an export when its step has changed."""
    name = {"id": row.id}
    if row.progress is None:
        done = row.state in (State.DONE, State.EXPIRED)
        return (_("Export %(id)d is done.") if done else _("Export %(id)d has failed.")) % name
    if row.state == State.QUEUED:
        return _("Export %(id)d is waiting.") % name
    share = 100 * row.progress.looked_at // (row.progress.total or 1)
    return _("Export %(id)d: %(share)d percent.") % {**name, "share": share}


def _asker(export: Export) -> str:
    if export.api_key:
        return export.api_key.name
    return export.user.email if export.user else ""


def _progress(export: Export) -> Progress:
    begin, waits = export.start_from_hit_id or 0, export.state == State.QUEUED
    looked_at = 0 if waits else max((export.reached_hit_id or begin) - begin, 0)
    total = 0 if waits else max((export.upto_hit_id or begin) - begin, 0)
    return Progress(
        rows=0 if waits else export.num_rows or 0,
        looked_at=looked_at,
        total=total,
        some=export.start is not None or export.end is not None,
        ahead=queries.ahead_of(export) if waits else 0,
        again=waits and export.attempts > 0,
        step=f"{export.state}-{STEPS * looked_at // (total or 1)}",
    )
