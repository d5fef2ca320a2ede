"""Fresh proof: who changes what guards the account shows once more that it is them."""

import time
from collections.abc import Sequence
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard import limits, passkeys
from sites import audit, factors
from sites.country import country_of
from sites.middleware import site_of
from sites.models import User

FRESH_SECONDS = 600


class ProofForm(forms.Form):
    """One proof is enough."""

    prefix = "proof"

    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Or a code of your authenticator app"),
        required=False,
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )

    credential = forms.CharField(
        required=False, max_length=20_000, widget=forms.HiddenInput(attrs={"data-answer": True})
    )

    def __init__(self, data: Any = None, *, user: User, request: HttpRequest) -> None:
        super().__init__(data)
        self.user, self.request = user, request
        if factors.APP not in factors.kinds(user_id=user.pk):
            del self.fields["code"]

    def proved(self) -> dict[str, Any] | None:
        """What the proof is, as allauth notes it; None, with its text in the form, if it is none."""
        if answer := self.cleaned_data["credential"]:
            used = passkeys.answered(self.request, self.user, answer)
            if used:
                return {"method": "mfa", "id": used.pk, "type": used.type}
            self.add_error(None, _("This passkey is not yours, or took too long."))
        elif code := self.cleaned_data.get("code"):
            used = factors.use_code(
                account_id=site_of(self.request).account_id, user=self.user, code=code
            )
            if used:
                return {"method": "mfa", "id": used.pk, "type": used.type}
            self.add_error("code", _("This code is wrong, too old, or was used before."))
        elif self.user.check_password(self.cleaned_data["password"]):
            return {"method": "password"}
        else:
            self.add_error("password", _("This is not your password."))
        return None


def is_fresh(request: HttpRequest, user: User) -> bool:
    """Whether this session has proved itself in the last ten minutes; signing in is a proof too."""
    records = get_authentication_records(request, user)
    return any(time.time() - record.get("at", 0) < FRESH_SECONDS for record in records)


def is_tried(request: HttpRequest) -> bool:
    """Whether the request carries a proof."""
    return any(name.startswith("proof-") for name in request.POST)


def give(request: HttpRequest, user: User, form: ProofForm) -> int:
    """Try the proof in the form: 200 when it holds, and is noted; else the refusal's status."""
    if wait := limits.seconds_to_wait(request, form="proof", also=[f"user:{user.pk}"], strict=True):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return 429
    given = form.proved() if form.is_valid() else None
    if given is None:
        note_failure(request, user)
        return 400
    record_authentication(request, user, **given, reauthenticated=True)
    return 200


def note_failure(request: HttpRequest, user: User) -> None:
    """Somebody in this person's session could not show that it is them: for the audit log."""
    account_id, country = site_of(request).account_id, country_of(request)
    audit.record(account_id=account_id, actor=user, action="proof.failed", country=country)


def page(
    request: HttpRequest,
    user: User,
    *,
    action: str,
    keep: Sequence[tuple[str, str]],
    form: ProofForm | None = None,
    waiting: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The page that asks for it. Its form goes to `action` and takes the fields in `keep` along.

    `waiting`: that is a form somebody has sent already, and nothing is done yet.
    """
    context = {
        "form": form or ProofForm(user=user, request=request),
        "action": action,
        "keep": keep,
        "waiting": waiting,
        "user": user,
        "options": passkeys.ask(request, user) if _has_passkey(user) else "",
    }
    return render(request, "prove.html", context, status=status)


def _has_passkey(user: User) -> bool:
    return factors.PASSKEY in factors.kinds(user_id=user.pk)


def kept(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of the request's form, without those of a proof and the CSRF token."""
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and not name.startswith("proof-")
    ]


def demand(request: HttpRequest, user: User) -> HttpResponse | None:
    """For a form that was sent: None once there is a fresh proof, else the page that asks for it.

    That page takes the form's fields along, so that nothing has to be typed again.
    """
    form, status = None, 403
    if is_tried(request):
        form = ProofForm(request.POST, user=user, request=request)
        status = give(request, user, form)
        if status == 200:
            return None
    context: dict[str, Any] = {"action": request.get_full_path(), "keep": kept(request)}
    return page(request, user, form=form, waiting=True, status=status, **context)
