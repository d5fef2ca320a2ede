"""*Settings → Password, MFA, API*: the page. What its forms do is in `password` and `key_pages`."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from dashboard import key_list, key_once, session_list
from dashboard.access import Member, members_only
from dashboard.forms import PasswordForm
from sites import factors

PAGE = "/settings/auth"

NOTICES = {
    "link-sent": gettext_lazy("The link is on its way. It works for three days."),
    "totp-added": gettext_lazy("Your authenticator app is set up."),
    "totp-removed": gettext_lazy("The authenticator app is removed."),
    "codes-kept": gettext_lazy("Your recovery codes are not shown any more. Keep them well."),
    "passkey-added": gettext_lazy("Your passkey is made."),
    "passkey-removed": gettext_lazy("The passkey is removed."),
    "session-ended": gettext_lazy("The device is signed out."),
    "sessions-ended": gettext_lazy("All your other devices are signed out."),
    "password": gettext_lazy("Your password is changed. Your other sessions have ended."),
}

KEY_NOTICES = {
    "edited": gettext_lazy("The key is changed. That holds from its next request on."),
    "revoked": gettext_lazy("The key is revoked. Requests with it fail from now on."),
}
"""Shown above the list of keys, which lies far below the top."""

PAGE_OR_FORM = ["GET", "HEAD", "POST"]
"""Methods of the forms' routes: a reload of what they answered leads back to the page."""


@require_safe
@members_only
def auth(request: HttpRequest, member: Member) -> HttpResponse:
    """The page."""
    said = request.session.pop("notice", "")
    return show(request, member, notice=NOTICES.get(said), key_notice=KEY_NOTICES.get(said))


def show(request: HttpRequest, member: Member, *, status: int = 200, **given: Any) -> HttpResponse:
    """The page with what a form's answer has `given` in place of the usual parts of the context."""
    parts = _password_part(member) | _mfa_part(member) | _keys_part(member, request)
    context = {"member": member, **parts, **_sessions_part(request, member), **given}
    return render(request, "settings_auth.html", context, status=status)


def notice(request: HttpRequest) -> Any:
    """The one of `NOTICES` that is to be shown now, if any."""
    return NOTICES.get(request.session.pop("notice", ""))


def back(request: HttpRequest, notice: str) -> HttpResponse:
    """To the page, which shows this one of the notices once."""
    request.session["notice"] = notice
    return redirect(f"{PAGE}#api" if notice in KEY_NOTICES else PAGE)


def _password_part(member: Member) -> dict[str, Any]:
    return {"password_form": PasswordForm(user=member.user)}


def _mfa_part(member: Member) -> dict[str, Any]:
    user_id = member.user.pk
    return {
        "kinds": factors.kinds(user_id=user_id),
        "passkeys": factors.passkeys_of(user_id=user_id),
        "app": factors.app_of(user_id=user_id),
        "codes_left": factors.codes_left(user_id=user_id),
    }


def _sessions_part(request: HttpRequest, member: Member) -> dict[str, Any]:
    return {"sessions": session_list.rows(request, user_id=member.user.pk)}


def _keys_part(member: Member, request: HttpRequest) -> dict[str, Any]:
    return {
        "key_form": key_once.blank(member, request) if member.keeps_keys else None,
        "keys": key_list.rows(account_id=member.site.account_id),
    }
