"""The form for API keys. It checks shape; the rules of the house are in `sites.services`."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.access import Member
from goatapi import errors
from sites import keys, queries
from sites.models import Site

SALT = "dashboard.key-form"
FORM_SECONDS = 24 * 3600

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


LAST_YEAR = 2999


class KeyForm(forms.Form):
    """A new API key. `once` says which keys its sender knew of, so that it can not be made twice."""

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
    expires = forms.ChoiceField(
        label=gettext_lazy("Expires"), choices=EXPIRIES, initial="never", widget=forms.RadioSelect
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day, in UTC"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    once = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, sites: Iterable[Site], once: str) -> None:
        super().__init__(data, initial={"once": once})
        self.fields["sites"].choices = [(site.pk, site.code) for site in sites]  # type: ignore[attr-defined]

    def clean_expires_on(self) -> date | None:
        """No later than what can be stored and shown everywhere."""
        day: date | None = self.cleaned_data["expires_on"]
        if day and day.year > LAST_YEAR:
            raise ValidationError(_("must not be after the year %(year)d") % {"year": LAST_YEAR})
        return day

    def clean(self) -> dict[str, Any]:
        """What two fields say together."""
        cleaned = super().clean() or self.cleaned_data
        if (
            cleaned.get("reach") == "some"
            and not cleaned.get("sites")
            and not self.has_error("sites")
        ):
            self.add_error("sites", _("must select at least one"))
        chosen, day = cleaned.get("expires"), cleaned.get("expires_on")
        if chosen == "date" and not day and not self.has_error("expires_on"):
            self.add_error("expires_on", _("must be set"))
        return cleaned

    def wish(self) -> dict[str, Any]:
        """The cleaned fields as `key_services.create_api_key` takes them."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "permissions": keys.mask_of(given["permissions"]),
            "sites": given["sites"] if given["reach"] == "some" else [-1],
            "expires": _moment(given["expires"], given["expires_on"]),
        }


def key_form(member: Member, request: HttpRequest | None = None) -> KeyForm:
    """The form for a new key: empty, or as `request` sent it."""
    return KeyForm(request.POST if request else None, sites=_sites(member), once=once_of(member))


def once_more(member: Member, request: HttpRequest) -> KeyForm:
    """The form as it came, to be sent once more if that was meant."""
    data = request.POST.copy()
    data["once"] = once_of(member)
    form = KeyForm(data, sites=_sites(member), once="")
    text = _(
        "A key was made since this form was opened, perhaps by this form sent twice. "
        "Look at the list: a key’s text can not be shown again, but the key can be revoked. "
        "To make one more, send the form again."
    )
    form.add_error(None, text)
    return form


def known_keys(member: Member, once: str) -> int:
    """The key in `once`. Errors: `errors.AlreadyDone` for a text that is too old, or not ours."""
    try:
        account_id, user_id, newest = signing.loads(once, salt=SALT, max_age=FORM_SECONDS)
    except signing.BadSignature:
        account_id = user_id = newest = -1
    if (account_id, user_id) != (member.site.account_id, member.user.pk):
        raise errors.AlreadyDone("this form is out of date")
    return int(newest)


def once_of(member: Member) -> str:
    """What makes a form good for one key: the newest that its reader has, signed."""
    account_id, user_id = member.site.account_id, member.user.pk
    newest = queries.newest_key_id(account_id=account_id, user_id=user_id)
    return signing.dumps([account_id, user_id, newest], salt=SALT)


def _sites(member: Member) -> list[Site]:
    return queries.sites_of(account_id=member.site.account_id)


def _moment(choice: str, day: date) -> datetime | None:
    """The end of the last day, or so many days from now."""
    if choice == "never":
        return None
    if choice == "date":
        return datetime.combine(day, time(), UTC) + timedelta(days=1)
    return timezone.now() + timedelta(days=int(choice))
