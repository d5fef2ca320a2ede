"""*Settings → Preferences*: language, time zone, formats and colours of who is signed in."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboard.access import Member, members_only
from sites import services, zones
from sites.formats import separator
from sites.models import User
from sites.preferences import DATE_FORMATS, NUMBER_FORMATS, user_settings

PAGE = "/settings/preferences"
SAVED = "preferences"
"""What the session keeps until the page has said that it is done."""

LANGUAGES = [
    ("", gettext_lazy("As the browser asks")),
    ("en-GB", "English"),
    ("de-DE", "Deutsch"),
]
THEMES = [
    ("", gettext_lazy("As the system")),
    ("light", gettext_lazy("Light")),
    ("dark", gettext_lazy("Dark")),
]


def _switch(label: Any, *, off: Any, on: Any) -> forms.TypedChoiceField:
    """Two radio buttons, each of which says what it means."""
    return forms.TypedChoiceField(
        label=label,
        choices=[("off", off), ("on", on)],
        coerce=lambda text: text == "on",
        widget=forms.RadioSelect,
    )


class PreferencesForm(forms.Form):
    """Each choice shows what it makes of today; the values are those of the API."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=LANGUAGES,
        required=False,
        widget=forms.RadioSelect,
    )
    theme = forms.ChoiceField(
        label=gettext_lazy("Colours"), choices=THEMES, required=False, widget=forms.RadioSelect
    )
    timezone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    date_format = forms.ChoiceField(label=gettext_lazy("Dates"), widget=forms.RadioSelect)
    twenty_four_hours = _switch(gettext_lazy("Times"), off="1:05 p.m.", on="13:05")
    sunday_starts_week = _switch(
        gettext_lazy("Weeks begin on"), off=gettext_lazy("Monday"), on=gettext_lazy("Sunday")
    )
    number_format = forms.TypedChoiceField(
        label=gettext_lazy("Figures"), coerce=int, widget=forms.RadioSelect
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, initial=_initial(user))
        choices = {
            "timezone": list(_regions(zones.names())),
            "date_format": [(go, _today(layout)) for go, layout in DATE_FORMATS.items()],
            "number_format": [(code, _million(code)) for code in NUMBER_FORMATS],
        }
        for name, values in choices.items():
            self.fields[name].choices = values  # type: ignore[attr-defined]  # each is a ChoiceField


@require_http_methods(["GET", "HEAD", "POST"])
@members_only
def preferences(request: HttpRequest, member: Member) -> HttpResponse:
    """The page and its form."""
    if request.method != "POST":
        saved = request.session.pop(SAVED, False)
        notice = _("Your preferences are saved.") if saved else None
        return _show(request, member, PreferencesForm(user=member.user), notice=notice)
    form = PreferencesForm(request.POST, user=member.user)
    if not form.is_valid():
        return _show(request, member, form, status=400)
    services.change_preferences(user=member.user, **form.cleaned_data)
    request.session[SAVED] = True
    return redirect(PAGE)


def _show(
    request: HttpRequest,
    member: Member,
    form: PreferencesForm,
    *,
    notice: str | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"member": member, "form": form, "notice": notice, "now": timezone.now()}
    return render(request, "preferences.html", context, status=status)


def _initial(user: User) -> dict[str, Any]:
    """What is so now; a language that nobody has chosen is left to the browser."""
    now = user_settings(user.preferences) | {"language": user.preferences.get("language", "")}
    switches = ("twenty_four_hours", "sunday_starts_week")
    return now | {name: "on" if now[name] else "off" for name in switches}


def _regions(names: Iterable[str]) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """The zones by continent, those without one (`CET`, `UTC`) first."""
    inside = sorted(names, key=lambda name: ("/" in name, name))
    for region, group in groupby(inside, key=lambda name: name.rpartition("/")[0].split("/")[0]):
        options = [
            (zones.tag(name), name.removeprefix(f"{region}/").replace("_", " ")) for name in group
        ]
        yield region or _("By name"), options


def _today(layout: str) -> str:
    return formatted(timezone.localdate(), layout)


def _million(code: int) -> str:
    return f"{1234567:,}".replace(",", separator(code))
