"""The forms for API keys. They check shape; the rules of the house are in `sites.key_services`."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.durations import rate
from sites import key_limits, keys
from sites.formats import Reader
from sites.key_services import Wish
from sites.models import ApiKey, Site

PERMISSION_LABELS = {
    "count": gettext_lazy("Record pageviews"),
    "stats": gettext_lazy("Read statistics"),
    "export": gettext_lazy("Export"),
    "site-read": gettext_lazy("Read sites"),
    "site-create": gettext_lazy("Create sites"),
    "site-update": gettext_lazy("Update sites"),
}
"""In the order of the form (part 6.8)."""

EXPIRIES = [
    ("never", gettext_lazy("Never")),
    ("30", gettext_lazy("In 30 days")),
    ("90", gettext_lazy("In 90 days")),
    ("365", gettext_lazy("In a year")),
    ("date", gettext_lazy("On a date:")),
]

REACHES = [
    ("all", gettext_lazy("All sites, also those still to come")),
    ("some", gettext_lazy("Only these:")),
]

LIMITS = [
    ("class", gettext_lazy("As for every key of this server")),
    ("own", gettext_lazy("Its own:")),
]

OVERLAPS = [
    ("168", gettext_lazy("7 days")),
    ("24", gettext_lazy("1 day")),
    ("1", gettext_lazy("1 hour")),
    ("0", gettext_lazy("Not at all: it ends at once")),
]
"""In hours."""

LAST_YEAR = 2999


class ExpiringForm(forms.Form):
    """When a key ends. Days are those of the reader's time zone."""

    expires = forms.ChoiceField(
        label=gettext_lazy("Expires"), choices=EXPIRIES, initial="never", widget=forms.RadioSelect
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any = None, *, zone: ZoneInfo, **options: Any) -> None:
        super().__init__(data, **options)
        self._zone = zone

    def clean_expires_on(self) -> date | None:
        """No later than what can be stored and shown everywhere."""
        day: date | None = self.cleaned_data["expires_on"]
        if day and day.year > LAST_YEAR:
            raise ValidationError(_("must not be after the year %(year)d") % {"year": LAST_YEAR})
        return day

    def clean(self) -> dict[str, Any]:
        """A date where one is to be."""
        cleaned = super().clean() or self.cleaned_data
        chosen, day = cleaned.get("expires"), cleaned.get("expires_on")
        if chosen == "date" and not day and not self.has_error("expires_on"):
            self.add_error("expires_on", _("must be set"))
        return cleaned

    def expiry(self) -> datetime | None:
        """The end of the last day, or so many days from now."""
        choice: str = self.cleaned_data["expires"]
        if choice == "never":
            return None
        if choice == "date":
            after = self.cleaned_data["expires_on"] + timedelta(days=1)
            return datetime.combine(after, time(), self._zone)
        return timezone.now() + timedelta(days=int(choice))


class KeyForm(ExpiringForm):
    """What a key is called and may do."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("For yourself: what uses the key, and where."),
        max_length=255,
        error_messages={"required": gettext_lazy("must be set")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"),
        choices=list(PERMISSION_LABELS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("must select at least one")},
    )
    reach = forms.ChoiceField(
        label=gettext_lazy("Sites"), choices=REACHES, initial="all", widget=forms.RadioSelect
    )
    sites = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Sites of this account"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    limit = forms.ChoiceField(
        label=gettext_lazy("Rate limit"),
        choices=LIMITS,
        initial="class",
        required=False,
        widget=forms.RadioSelect,
    )
    limit_requests = forms.IntegerField(
        label=gettext_lazy("Requests"),
        required=False,
        min_value=1,
        max_value=key_limits.MOST_REQUESTS,
    )
    limit_seconds = forms.IntegerField(
        label=gettext_lazy("in so many seconds"),
        required=False,
        min_value=1,
        max_value=key_limits.LONGEST_SECONDS,
    )

    def __init__(self, data: Any = None, *, sites: Iterable[Site], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["sites"].choices = [(site.pk, site.code) for site in sites]  # type: ignore[attr-defined]

    def ceiling(self) -> str:
        """The most that can be asked for, in words; '' for no end."""
        most = key_limits.ceiling()
        return rate(*most) if most else ""

    def clean(self) -> dict[str, Any]:
        """What several fields say together."""
        cleaned = super().clean()
        if cleaned.get("reach") == "some" and not cleaned.get("sites"):
            self._want("sites", _("must select at least one"))
        if cleaned.get("limit") == "own":
            for field in ("limit_requests", "limit_seconds"):
                if not cleaned.get(field):
                    self._want(field, _("must be set"))
        return cleaned

    def wish(self) -> Wish:
        """The cleaned fields."""
        given = self.cleaned_data
        own = given["limit"] == "own"
        return Wish(
            name=given["name"],
            permissions=keys.mask_of(given["permissions"]),
            sites=given["sites"] if given["reach"] == "some" else [-1],
            expires=self.expiry(),
            limit=(given["limit_requests"], given["limit_seconds"]) if own else None,
        )

    def _want(self, field: str, text: str) -> None:
        if not self.has_error(field):
            self.add_error(field, text)


class NewKeyForm(KeyForm):
    """A new key. `once` says which keys its sender knew of, so that it can not be made twice."""

    once = forms.CharField(widget=forms.HiddenInput)


class EditKeyForm(KeyForm):
    """What a key is now, to be changed."""

    def __init__(self, data: Any = None, *, key: ApiKey, reader: Reader, **options: Any) -> None:
        super().__init__(data, initial=_as_it_is(key), zone=reader.zone, **options)
        self._key = key
        if key.expires_at:
            as_it_is = _("As it is: %(moment)s") % {"moment": reader.moment(key.expires_at)}
            choices: list[tuple[str, str | Promise]] = [("keep", as_it_is), *EXPIRIES]
            self.fields["expires"].choices = choices  # type: ignore[attr-defined]

    def expiry(self) -> datetime | None:
        """As in every form, or the one that the key has."""
        kept: bool = self.cleaned_data["expires"] == "keep"
        return self._key.expires_at if kept else super().expiry()


class RotateForm(ExpiringForm):
    """How long the old text goes on working, and the new one."""

    overlap = forms.ChoiceField(
        label=gettext_lazy("The old text works for another"),
        choices=OVERLAPS,
        initial="24",
        widget=forms.RadioSelect,
    )
    field_order = ("overlap", "expires", "expires_on")

    def __init__(self, data: Any = None, *, zone: ZoneInfo, **options: Any) -> None:
        super().__init__(data, zone=zone, **options)
        self.fields["expires"].label = _("The new text expires")

    def stays(self) -> timedelta:
        """For how long the old text does."""
        return timedelta(hours=int(self.cleaned_data["overlap"]))


def _as_it_is(key: ApiKey) -> dict[str, Any]:
    """The fields' initial values."""
    everywhere = -1 in key.sites
    return {
        "name": key.name,
        "permissions": keys.names_of(key.permissions),
        "reach": "all" if everywhere else "some",
        "sites": [] if everywhere else key.sites,
        "expires": "keep" if key.expires_at else "never",
        "limit": "own" if key.limit else "class",
        "limit_requests": key.limit_requests,
        "limit_seconds": key.limit_seconds,
    }


def as_long_again(key: ApiKey, zone: ZoneInfo) -> dict[str, Any]:
    """Initial values of a `RotateForm`: a key that was made for so many days is made for as many again."""
    if key.expires_at is None:
        return {"expires": "never"}
    last = timezone.now() + (key.expires_at - key.created_at)
    return {"expires": "date", "expires_on": last.astimezone(zone).date()}
