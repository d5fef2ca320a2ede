"""*Settings → Audit log*: who did what, when; with filters, and as a file with every row."""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dashboard import audit_words
from dashboard.access import Member, at_least
from dashboard.context import reader_of
from dashboard.errors import error_page
from sites import audit, queries
from sites.formats import Reader, machine
from sites.models import AuditEvent, Role

PAGE_SIZE = 50
MAX_ID = 2**63 - 1

COLUMNS = ("time", "person", "action", "target", "sentence", "country", "details")

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet take a cell for a formula."""


class FilterForm(forms.Form):
    """What to show; nothing chosen shows all."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What"),
        required=False,
        choices=[("", gettext_lazy("Everything")), *audit_words.KINDS.items()],
    )
    person = forms.CharField(
        label=gettext_lazy("Who or whom"),
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "people"}),
    )
    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def wanted(self, reader: Reader) -> audit.Wanted:
        """The days are the reader's; the last one is included."""
        given = self.cleaned_data
        return audit.Wanted(
            kind=given["kind"],
            person=given["person"].strip(),
            start=_midnight(given["since"], reader),
            end=_midnight(given["until"], reader, days=1),
        )

    def query(self) -> str:
        """The choice as it stands in an address."""
        return urlencode({name: value for name, value in self.cleaned_data.items() if value})


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the page shows it."""

    at: datetime
    who: str
    sentence: str
    details: list[tuple[str, str]]
    country: str


@require_safe
@at_least(Role.ADMIN)
def log(request: HttpRequest, member: Member) -> HttpResponse:
    """The page: the newest that are wanted, and the way to older ones."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        return _show(request, member, form, status=400)
    found = audit.events(
        account_id=member.site.account_id,
        wanted=form.wanted(reader_of(request)),
        before=_before(request),
        limit=PAGE_SIZE + 1,
    )
    page = found[:PAGE_SIZE]
    context: dict[str, Any] = {
        "events": [_row(event) for event in page],
        "older": page[-1].pk if len(found) > PAGE_SIZE else None,
        "is_first": _before(request) is None,
        "query": form.query(),
    }
    return _show(request, member, form, **context)


@require_safe
@at_least(Role.ADMIN)
def log_csv(request: HttpRequest, member: Member) -> HttpResponseBase:
    """Every row that is wanted. Compressed if the client can: the server holds 64 MiB of an answer."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        return error_page(request, 400, str(gettext_lazy("These filters can not be understood.")))
    wanted = form.wanted(reader_of(request))
    events = audit.every(account_id=member.site.account_id, wanted=wanted)
    lines = _lines(events, language=translation.get_language())
    headers = {"Content-Disposition": f'attachment; filename="audit-{member.site.code}.csv"'}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers |= {"Content-Encoding": "gzip"}
        lines = _compressed(lines)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
    answer["Vary"] = "Accept-Encoding"
    return answer


def _show(
    request: HttpRequest, member: Member, form: FilterForm, *, status: int = 200, **given: Any
) -> HttpResponse:
    people = queries.members_of(account_id=member.site.account_id)
    context = {
        "member": member,
        "form": form,
        "people": [row.user.email for row in people],
        "years": audit.KEPT.days // 365,
        **given,
    }
    return render(request, "audit.html", context, status=status)


def _row(event: AuditEvent) -> Row:
    return Row(
        at=event.at,
        who=audit_words.who(event),
        sentence=audit_words.sentence(event),
        details=audit_words.details(event),
        country=event.country,
    )


def _lines(events: Iterable[AuditEvent], *, language: str) -> Iterator[bytes]:
    """The file's lines, in this language: who writes them has left the request behind."""
    yield _line(COLUMNS)
    for event in events:
        with translation.override(language):
            cells = (
                machine(event.at),
                audit_words.who(event),
                event.action,
                event.target,
                f"{audit_words.who(event)} {audit_words.sentence(event)}",
                event.country,
                json.dumps(event.details, ensure_ascii=False) if event.details else "",
            )
        yield _line(cells)


def _line(cells: Iterable[str]) -> bytes:
    made: list[str] = []
    sink: Any = type("Sink", (), {"write": staticmethod(made.append)})
    csv.writer(sink).writerow([f"'{c}" if c.startswith(FORMULA) else c for c in cells])
    return "".join(made).encode()


def _compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    made: list[bytes] = []
    sink: Any = type("Sink", (), {"write": staticmethod(made.append), "flush": staticmethod(len)})
    with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=6) as file:
        for line in lines:
            file.write(line)
            yield b"".join(made)
            made.clear()
    yield b"".join(made)


def _midnight(day: date | None, reader: Reader, *, days: int = 0) -> datetime | None:
    try:
        return datetime.combine(day + timedelta(days=days), time(), reader.zone) if day else None
    except OverflowError:  # the last day there is
        return None


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return min(int(text), MAX_ID) if text.isascii() and text.isdigit() and len(text) < 30 else None
