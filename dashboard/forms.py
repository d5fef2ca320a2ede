"""The forms of the pages. They check shape; the rules of the house are in `sites.services`."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goatapi import errors
from sites import tenancy
from sites.models import User, tidy_email


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
            raise ValidationError(sentence(problem))
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
            raise ValidationError(sentence(problem))
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


def refuse(
    form: forms.Form, refusal: errors.Invalid, *, also: dict[str, str] | None = None
) -> None:
    """Put the texts of a service's refusal beside their fields; `also` renames fields."""
    for field, texts in refusal.errors.items():
        for text in texts:
            form.add_error((also or {}).get(field, field), sentence(text))


def sentence(text: str) -> str:
    """A problem's text, as people are told it."""
    return f"{text[:1].upper()}{text[1:]}."
