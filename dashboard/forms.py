"""The forms of the pages. They check shape; the rules of the house are in `sites.services`."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goatapi import errors
from sites import keys, tenancy
from sites.models import Site, User, tidy_email

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


class GoForm(forms.Form):
    """Which site somebody wants to sign in to. Asks nobody whether it exists."""

    code = forms.CharField(
        label=gettext_lazy("Your site’s code"),
        max_length=300,
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    def __init__(self, data: Any, *, domain: str) -> None:
        super().__init__(data)
        self._domain = domain

    def clean_code(self) -> str:
        """The code, also out of the site's address."""
        text = self.cleaned_data["code"].strip().lower()
        host = text.partition("://")[2] or text
        host = host.partition("/")[0].partition(":")[0]
        code: str = host.removesuffix(f".{self._domain}")
        if problem := tenancy.code_problem(code):
            raise ValidationError(_sentence(problem))
        return code


class NewPasswordForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("The same again"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def whose(self) -> User:
        """Whom the password must not resemble."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Both the same, and one that Django's validators let through."""
        cleaned = super().clean() or self.cleaned_data
        first, second = cleaned.get("password"), cleaned.get("again")
        if first and second and first != second:
            self.add_error("again", _("The two passwords are not the same."))
        elif first:
            try:
                validate_password(first, self.whose())
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class FirstRunForm(NewPasswordForm):
    """The first account: only for who has seen the server start."""

    token = forms.CharField(
        label=gettext_lazy("Token"),
        help_text=gettext_lazy("The server printed it when it started."),
        max_length=200,
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=255,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Code of your first site"),
        max_length=50,
        widget=forms.TextInput(
            attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    field_order = ("token", "email", "password", "again", "code")

    def whose(self) -> User:
        """Somebody who is not there yet."""
        return User(email=tidy_email(self.cleaned_data.get("email", "")))

    def clean_code(self) -> str:
        """By the rules for codes."""
        code: str = self.cleaned_data["code"].strip().lower()
        if problem := tenancy.code_problem(code):
            raise ValidationError(_sentence(problem))
        return code


class SignInForm(forms.Form):
    """E-mail and password. The e-mail's shape is not checked: every refusal is the same sentence."""

    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        max_length=255,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class PasswordForm(NewPasswordForm):
    """A change of one's own password."""

    current = forms.CharField(
        label=gettext_lazy("Current password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("current", "password", "again")

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        self._user = user
        self.fields["password"].label = _("New password")
        self.fields["again"].label = _("New password again")

    def whose(self) -> User:
        """The person who is signed in."""
        return self._user


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
        """The cleaned fields as `services.create_api_key` takes them."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "permissions": keys.mask_of(given["permissions"]),
            "sites": given["sites"] if given["reach"] == "some" else [-1],
            "expires": _moment(given["expires"], given["expires_on"]),
        }


def refuse(
    form: forms.Form, refusal: errors.Invalid, *, also: dict[str, str] | None = None
) -> None:
    """Put the texts of a service's refusal beside their fields; `also` renames fields."""
    for field, texts in refusal.errors.items():
        for text in texts:
            form.add_error((also or {}).get(field, field), _sentence(text))


def _moment(choice: str, day: date) -> datetime | None:
    """The end of the last day, or so many days from now."""
    if choice == "never":
        return None
    if choice == "date":
        return datetime.combine(day, time(), UTC) + timedelta(days=1)
    return timezone.now() + timedelta(days=int(choice))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
