"""`/sign-in/factor`: what lies between the password and the session. Until it is done nothing is open."""

from typing import Any

from allauth.account.internal.flows.login import (
    get_authentication_records,
    record_authentication,
)
from allauth.account.stages import LoginStage, LoginStageController
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboard import limits, passkeys
from sites import factors, members
from sites.country import country_of
from sites.middleware import has_site, site_of
from sites.models import User


class FactorStage(LoginStage):  # type: ignore[misc]  # allauth publishes no types
    """Asked of everybody who has a factor, unless a passkey was the way in."""

    key = "factor"
    urlname = "mfa_authenticate"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """The answer that leads to the page, if any, and whether the sign-in goes on."""
        user = self.login.user
        if not factors.kinds(user_id=user.pk) or _by_passkey(self.request, user):
            return None, True
        self.state.update(self.bond())
        return redirect("/sign-in/factor"), True

    def bond(self) -> dict[str, Any]:
        """What must be as it was when the password was given."""
        user: User = self.login.user
        return {"site": site_of(self.request).id, "password": user.get_session_auth_hash()}

    def holds(self) -> bool:
        """Whether it is."""
        return all(self.state.get(name) == value for name, value in self.bond().items())


class CodeForm(forms.Form):
    """A code of an app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """The form for a code; after it, in."""
    stage = waiting(request)
    if stage is None:
        return redirect("/sign-in")
    user: User = stage.login.user
    if request.method != "POST":
        return _show(request, user, CodeForm())
    form = CodeForm(request.POST)
    if wait := limits.seconds_to_wait(
        request, form="factor", also=[f"user:{user.pk}"], strict=True
    ):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return _show(request, user, form, status=429)
    used = _used(request, user, form)
    if used is None:
        account_id, country = site_of(request).account_id, country_of(request)
        members.note_failed_sign_in(account_id=account_id, email=user.email, country=country)
        return _show(request, user, form, status=400)
    return passed(request, stage, used)


def waiting(request: HttpRequest) -> FactorStage | None:
    """The sign-in that waits for its factor in this session, on this site."""
    if not has_site(request):
        return None
    stage: FactorStage | None = LoginStageController.enter(request, FactorStage.key)
    return stage if stage and stage.login.user and stage.holds() else None


def passed(request: HttpRequest, stage: FactorStage, used: Any) -> HttpResponse:
    """Note the factor and open the session."""
    record_authentication(request, stage.login.user, "mfa", id=used.pk, type=used.type)
    answer: HttpResponse = stage.exit()
    return answer


def _used(request: HttpRequest, user: User, form: CodeForm) -> Any:
    """The factor that was shown; None, with the reason in the form, if it is none."""
    if credential := request.POST.get("credential"):
        form.errors.clear()
        if used := passkeys.answered(request, user, credential):
            return used
        form.add_error(None, _("This passkey does not open this site."))
    elif form.is_valid():
        if used := factors.use_code(
            account_id=site_of(request).account_id, user=user, code=form.cleaned_data["code"]
        ):
            return used
        form.add_error("code", _("This code is wrong, too old, or was used before."))
    return None


def _by_passkey(request: HttpRequest, user: User) -> bool:
    records = get_authentication_records(request, user)
    return any(record.get("passwordless") for record in records)


def _show(request: HttpRequest, user: User, form: CodeForm, *, status: int = 200) -> HttpResponse:
    kinds = factors.kinds(user_id=user.pk)
    context = {
        "form": form,
        "code": site_of(request).code,
        "kinds": kinds,
        "options": passkeys.ask(request, user) if factors.PASSKEY in kinds else "",
    }
    return render(request, "factor.html", context, status=status)
