"""Signing in by passkey, and *Settings → MFA*: passkeys made and removed."""

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from dashboard import limits, passkeys, sign_in
from dashboard.access import Member, fresh_proof, members_only, safe_path
from dashboard.devices import device_of
from dashboard.recovery_codes import made
from dashboard.settings_auth import PAGE, PAGE_OR_FORM, back
from dashboard.verify import confirmed_only
from sites import factors, members, queries
from sites.country import country_of
from sites.middleware import has_site, site_of


class PasskeyForm(forms.Form):
    """A name, and what the browser answered."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("For yourself: where the passkey is kept."),
        max_length=100,
    )
    credential = forms.CharField(
        max_length=20_000, widget=forms.HiddenInput(attrs={"data-answer": True})
    )


@require_http_methods(PAGE_OR_FORM)
def sign_in_by_passkey(request: HttpRequest) -> HttpResponse:
    """What the browser is to be asked, for our script; then its answer, by which one is in."""
    if not has_site(request):
        return redirect("/")
    if request.method != "POST" and request.headers.get("Accept") != "application/json":
        return redirect("/sign-in")
    if wait := limits.seconds_to_wait(request, form="passkey"):
        text = _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait}
        return sign_in.refused(request, text, status=429)
    if request.method != "POST":
        return HttpResponse(passkeys.ask(request, None) or "null", content_type="application/json")
    used = passkeys.answered(request, None, request.POST.get("credential", ""))
    account_id = site_of(request).account_id
    if used is None or not queries.role_of(account_id=account_id, user_id=used.user_id):
        email, country = used.user.email if used else "", country_of(request)
        members.note_failed_sign_in(account_id=account_id, email=email, country=country)
        return sign_in.refused(request, _("This passkey does not open this site."), status=400)
    return _go_in(request, used, wanted=safe_path(request.POST.get("next")))


@require_http_methods(PAGE_OR_FORM)
@members_only
@fresh_proof
@confirmed_only
def add(request: HttpRequest, member: Member) -> HttpResponse:
    """Make a passkey."""
    if request.method != "POST":
        return _show(request, member, PasskeyForm(initial={"name": device_of(request)}))
    form = PasskeyForm(request.POST)
    if wait := limits.seconds_to_wait(request, form="passkey", also=[f"user:{member.user.pk}"]):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return _show(request, member, form, status=429)
    if not form.is_valid() or not _kept(request, member, form):
        form.add_error(None, _("The passkey could not be made. Try again."))
        return _show(request, member, form, status=400)
    return made(request, member, notice="passkey-added")


@require_http_methods(PAGE_OR_FORM)
@members_only
@fresh_proof
def remove(request: HttpRequest, member: Member, factor_id: int) -> HttpResponse:
    """Take one away. Errors: `errors.NotFound` for somebody else's."""
    if request.method != "POST":
        return redirect(f"{PAGE}#mfa")
    factors.remove(account_id=member.site.account_id, user=member.user, factor_id=factor_id)
    return back(request, "passkey-removed")


def _go_in(request: HttpRequest, used: Any, *, wanted: str) -> HttpResponse:
    """A passkey is both factors: there is nothing between it and the session."""
    request.session.flush()
    record_authentication(request, used.user, "mfa", id=used.pk, type=used.type, passwordless=True)
    answer: HttpResponse = perform_login(request, Login(user=used.user, redirect_url=wanted))
    return answer


def _kept(request: HttpRequest, member: Member, form: PasskeyForm) -> bool:
    given = form.cleaned_data
    row = passkeys.answered_new(
        request,
        member.user,
        given["credential"],
        account_id=member.site.account_id,
        name=given["name"],
    )
    return row is not None


def _show(
    request: HttpRequest, member: Member, form: PasskeyForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "member": member,
        "form": form,
        "options": passkeys.ask_new(request, member.user),
    }
    return render(request, "passkey.html", context, status=status)
