"""`/verify/<token>`: the link in a mail by which an address is confirmed."""

from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard import limits
from dashboard.access import Member, View, members_only
from dashboard.settings_auth import PAGE, PAGE_OR_FORM, back, notice
from goatapi import errors
from sites import factors, links, people, queries, services
from sites.middleware import site_of


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """Confirmed by a button, not by the link alone: scanners of mail follow links."""
    user = links.verified_by(token)
    done = user is not None and request.method == "POST"
    if user and done:
        services.verify_email(user=user)
    context = {
        "code": site_of(request).code,
        "email": user.email if user else "",
        "done": done or bool(user and user.email_verified),
        "token": token,
    }
    return render(request, "verify.html", context, status=200 if user else 404)


def confirmed_only(view: View) -> View:
    """Below a gate: before a second factor is set up the address is confirmed; a page says so (403)."""

    @wraps(view)
    def gate(request: HttpRequest, member: Member, **captured: Any) -> HttpResponseBase:
        if member.user.email_verified:
            return view(request, member, **captured)
        must = factors.is_missing(account_id=member.site.account_id, user_id=member.user.pk)
        context = {"member": member, "must": must, "notice": notice(request)}
        return render(request, "unconfirmed.html", context, status=403)

    return gate


@require_http_methods(PAGE_OR_FORM)
@members_only
def send_again(request: HttpRequest, member: Member) -> HttpResponse:
    """*Settings → MFA*: mail the link once more. Errors: `errors.TooMany`."""
    if request.method != "POST" or member.user.email_verified:
        return redirect(f"{PAGE}#mfa")
    who = [f"user:{member.user.pk}"]
    if wait := limits.seconds_to_wait(request, form="verify", also=who, strict=True):
        text = _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait}
        raise errors.TooMany(text, retry_after=wait)
    if not limits.mailed_too_often(request, to=member.user.email):
        site = queries.site_by_code(member.site.code)
        people.send_verification(site=site, user=member.user)
    return back(request, "link-sent")
