"""*Settings → MFA*: the authenticator app."""

from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard import limits
from dashboard.access import Member, fresh_proof, members_only
from dashboard.factor import CodeForm
from dashboard.qr import Picture, picture
from dashboard.recovery_codes import made
from dashboard.settings_auth import PAGE, PAGE_OR_FORM, back, notice
from dashboard.verify import confirmed_only
from sites import factors
from sites.sealing import seal, unseal

SECRET = "totp"  # noqa: S105  # where the session keeps the sealed secret until the app is set up


@require_http_methods(PAGE_OR_FORM)
@members_only
@fresh_proof
@confirmed_only
def totp(request: HttpRequest, member: Member) -> HttpResponse:
    """Set an app up: its secret as a picture and as text, then a code to show that it works."""
    if factors.app_of(user_id=member.user.pk):
        return redirect(f"{PAGE}#mfa")
    if request.method != "POST" or SECRET not in request.session:
        request.session.setdefault(SECRET, seal(factors.new_secret()))
        return _show(request, member, CodeForm())
    form = CodeForm(request.POST)
    if wait := limits.seconds_to_wait(request, form="totp", also=[f"user:{member.user.pk}"]):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return _show(request, member, form, status=429)
    if not form.is_valid() or not _add(request, member, form.cleaned_data["code"]):
        form.add_error("code", _("This is not the code that the app shows now."))
        return _show(request, member, form, status=400)
    del request.session[SECRET]
    return made(request, member, notice="totp-added")


@require_http_methods(PAGE_OR_FORM)
@members_only
@fresh_proof
def remove(request: HttpRequest, member: Member) -> HttpResponse:
    """Take the app away."""
    app = factors.app_of(user_id=member.user.pk)
    if request.method != "POST" or app is None:
        return redirect(f"{PAGE}#mfa")
    factors.remove(account_id=member.site.account_id, user=member.user, factor_id=app.pk)
    return back(request, "totp-removed")


def _add(request: HttpRequest, member: Member, code: str) -> bool:
    return factors.add_app(
        account_id=member.site.account_id,
        user=member.user,
        secret=unseal(request.session[SECRET]),
        code=code,
    )


def _show(
    request: HttpRequest, member: Member, form: CodeForm, *, status: int = 200
) -> HttpResponse:
    secret = unseal(request.session[SECRET])
    context = {
        "member": member,
        "form": form,
        "qr": _qr(member, secret),
        "must": factors.is_missing(account_id=member.site.account_id, user_id=member.user.pk),
        "notice": notice(request),
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
    }
    return render(request, "totp.html", context, status=status)


def _qr(member: Member, secret: str) -> Picture:
    """What apps read: the form that Google Authenticator has brought about."""
    issuer = settings.ENVIRONMENT.domain
    label = quote(f"{issuer}:{member.user.email}")
    given = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return picture(f"otpauth://totp/{label}?{given}")
