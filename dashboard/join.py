"""`/join/<token>`: the link of an invitation. Whatever is wrong with it, the answer is the same page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard import limits, sign_in
from dashboard.access import visitor
from dashboard.user_forms import ROLES, JoinForm
from goatapi import errors
from sites import invitations
from sites.middleware import site_of
from sites.models import Invitation, Role, User

WELCOME = "/settings/auth"


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, invitation: str) -> HttpResponse:
    """By a button for who is signed in; for others by signing in first or, if they are new, a password."""
    found = invitations.find(account_id=site_of(request).account_id, token=invitation)
    user = visitor(request)
    if found is None or (user and user.email != found.email):
        return _void(request)
    if user:
        return _as_known(request, found, invitation, user)
    if invitations.needs_sign_in(found):
        path = f"/sign-in?{urlencode({'next': request.path})}"
        return _show(request, found, invitation, sign_in=path)
    return _as_new(request, found, invitation)


def _as_known(request: HttpRequest, invitation: Invitation, token: str, user: User) -> HttpResponse:
    if request.method != "POST":
        return _show(request, invitation, token)
    try:
        invitations.accept(account_id=invitation.account_id, token=token, user=user)
    except errors.NotFound:
        return _void(request)
    return redirect(WELCOME)


def _as_new(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    form = JoinForm(request.POST if request.method == "POST" else None, email=invitation.email)
    if request.method != "POST":
        return _show(request, invitation, token, form=form)
    if wait := limits.seconds_to_wait(request, form="join", also=[f"join:{invitation.pk}"]):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return _show(request, invitation, token, form=form, status=429)
    if not form.is_valid():
        return _show(request, invitation, token, form=form, status=400)
    given = form.cleaned_data
    try:
        user = invitations.enrol(
            account_id=invitation.account_id,
            token=token,
            name=given["name"],
            password=given["password"],
        )
    except errors.NotFound:
        return _void(request)
    return sign_in.go_on(request, user, wanted=WELCOME)


def _show(
    request: HttpRequest,
    invitation: Invitation,
    token: str,
    *,
    form: JoinForm | None = None,
    sign_in: str = "",
    status: int = 200,
) -> HttpResponse:
    role = Role(invitation.role)
    context = {
        "code": site_of(request).code,
        "by": invitation.invited_by.name or invitation.invited_by.email,
        "email": invitation.email,
        "role": role,
        "may": ROLES[role],
        "token": token,
        "form": form,
        "sign_in": sign_in,
    }
    return render(request, "join.html", context, status=status)


def _void(request: HttpRequest) -> HttpResponse:
    context = {"code": site_of(request).code, "visitor": visitor(request)}
    return render(request, "join_void.html", context, status=404)
