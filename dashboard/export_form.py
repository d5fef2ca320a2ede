"""The form for a new export."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard import once
from dashboard.access import Member
from exports import queries
from exports.models import Format
from exports.services import MAX_HIT_ID
from sites.formats import reader

NAME = "export"
"""Of the form, for `once`."""

FIRST_YEAR, LAST_YEAR = 1970, 2999

FORMATS = [
    (Format.CSV.value, gettext_lazy("CSV, as GoatCounter writes it")),
    (Format.NDJSON.value, gettext_lazy("JSON lines, with every field")),
    (Format.PARQUET.value, gettext_lazy("Parquet, with every field in a typed column")),
]


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)


class ExportForm(forms.Form):
    """A new export. Days are days of the reader's time zone."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=FORMATS,
        initial=Format.CSV.value,
        widget=forms.RadioSelect,
    )
    start_from_hit_id = forms.IntegerField(
        label=gettext_lazy("Cursor"),
        help_text=gettext_lazy(
            "Only pageviews after this one: the cursor of an earlier export. Empty: from the first one on."
        ),
        required=False,
        min_value=0,
        max_value=MAX_HIT_ID,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    start = _day(gettext_lazy("First day"))
    end = _day(gettext_lazy("Last day"))
    mail = forms.BooleanField(label=gettext_lazy("Mail me when it is done"), required=False)
    once = forms.CharField(widget=forms.HiddenInput)

    def clean_start(self) -> date | None:
        """Within what can be stored and shown everywhere."""
        return _possible(self.cleaned_data["start"])

    def clean_end(self) -> date | None:
        """The same."""
        return _possible(self.cleaned_data["end"])

    def clean(self) -> dict[str, Any]:
        """The first day is not after the last one."""
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and end < start:
            self.add_error("end", _("The last day must not be before the first one."))
        return cleaned

    def wish(self, zone: ZoneInfo) -> dict[str, Any]:
        """The cleaned fields as `exports.services.start_export` takes them; days are those of `zone`."""
        given, day = self.cleaned_data, timedelta(days=1)
        return {
            "format": given["format"],
            "start_from_hit_id": given["start_from_hit_id"],
            "start": _begin(given["start"], zone) if given["start"] else None,
            "end": _begin(given["end"] + day, zone) if given["end"] else None,
            "mail": given["mail"],
        }


def export_form(member: Member, request: HttpRequest | None = None) -> ExportForm:
    """Empty, or as `request` sent it; the button “Continue …” has set the cursor then."""
    if request is None:
        return ExportForm(initial={"once": _once(member)})
    return ExportForm(_sent(request))


def once_more(member: Member, request: HttpRequest) -> ExportForm:
    """The form as it came, to be sent once more if that was meant."""
    form = ExportForm(_sent(request) | {"once": _once(member)})
    text = _(
        "An export was started since this form was opened, perhaps by this form sent twice. "
        "It is in the list. To start one more, send the form again."
    )
    form.add_error(None, text)
    return form


def zone_of(member: Member) -> ZoneInfo:
    """Whose days the form is about: the time zone that its reader has chosen."""
    return reader(member.user).zone


def _sent(request: HttpRequest) -> dict[str, Any]:
    data: dict[str, Any] = request.POST.dict()
    if "continue" in data:
        data["start_from_hit_id"] = data["continue"]
    return data


def _once(member: Member) -> str:
    newest = queries.newest_export_id(site_id=member.site.id, user_id=member.user.pk)
    return once.sign(NAME, member, newest=newest)


def _possible(day: date | None) -> date | None:
    if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
        years = {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise ValidationError(_("must be in the years from %(first)d to %(last)d") % years)
    return day


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
