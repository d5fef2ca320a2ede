"""The forms of sign-up."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.forms import sentence
from sites import queries, zones
from sites.models import User, tidy_email

STATE = "code_state"
"""The id of the place where a page says whether a code is free."""

CODE_ATTRIBUTES = {
    "autocapitalize": "none",
    "autocomplete": "off",
    "spellcheck": "false",
    "aria-describedby": STATE,
    "hx-get": "/sign-up/code",
    "hx-trigger": "input changed delay:400ms",
    "hx-target": f"#{STATE}",
    "hx-sync": "this:replace",
}


class CodeForm(forms.Form):
    """A code that is free."""

    code = forms.CharField(
        label=gettext_lazy("Code of your site"),
        max_length=50,
        widget=forms.TextInput(attrs=CODE_ATTRIBUTES),
    )

    def clean_code(self) -> str:
        """By the rules for codes, and nobody's."""
        code: str = self.cleaned_data["code"].strip().lower()
        if problem := queries.code_problem(code):
            raise ValidationError(sentence(problem))
        return code


class ConfirmForm(CodeForm):
    """What is asked again when the mailed link is opened in another browser than the one of the form."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        help_text=gettext_lazy("The one that you chose when you signed up."),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    token = forms.CharField(widget=forms.HiddenInput, max_length=100)

    def __init__(self, *given: Any, ask_password: bool, **options: Any) -> None:
        super().__init__(*given, **options)
        if not ask_password:
            del self.fields["password"]


class SignUpForm(CodeForm):
    """A new account and its first site. Nothing in it tells whether the address is known."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=255,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        help_text=gettext_lazy("At least ten characters."),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    timezone = forms.ChoiceField(
        label=gettext_lazy("Your time zone"),
        choices=lambda: [(name, name) for name in zones.names()],
        initial="UTC",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        if data is None:  # a script may choose the browser's; afterwards its reader has chosen
            self.fields["timezone"].widget.attrs["data-browser"] = "timezone"

    def clean(self) -> dict[str, Any]:
        """A password that Django's validators let through."""
        cleaned = super().clean() or self.cleaned_data
        if password := cleaned.get("password"):
            try:
                validate_password(password, User(email=tidy_email(cleaned.get("email", ""))))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class FindSiteForm(forms.Form):
    """Whose sites."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=255,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


def too_many(wait: int) -> str:
    """The refusal of who tries too often."""
    return _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait}
