"""`/welcome`: the way to a site's first pageview, and whether it has come."""

from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import key_list, key_once
from dashboard.access import Member, at_least, fresh_proof, open_session
from goatapi import errors
from sites import key_services, keys, queries, sign_up
from sites.middleware import site_of
from sites.models import Role
from storage.registry import first_hit_at

STOP_POLLING = 286
"""What htmx takes for "here it is, do not ask again"."""

PAGE = "/welcome"


@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest) -> HttpResponseBase:
    """The page; with a token, the way in for who has just signed up."""
    if request.method == "GET" and "token" in request.GET:
        return _let_in(request, request.GET["token"])
    return _page(request)


@require_safe
@at_least(Role.ADMIN)
def status(request: HttpRequest, member: Member) -> HttpResponse:
    """A part of the page, asked for every two seconds: nothing while nothing has come."""
    if not _has_counted(member):
        return HttpResponse(status=204)
    return render(request, "welcome_status.html", {"counted": True}, status=STOP_POLLING)


@at_least(Role.ADMIN)
def _page(request: HttpRequest, member: Member) -> HttpResponseBase:
    return _make_key(request, member) if request.method == "POST" else _show(request, member)


def _let_in(request: HttpRequest, token: str) -> HttpResponse:
    """One use, and a clean address afterwards."""
    try:
        user = sign_up.enter(site_id=site_of(request).id, token=token)
    except errors.NotFound:
        return redirect(PAGE)  # which asks strangers to sign in
    record_authentication(request, user, method="mail")  # and, before that, a password
    open_session(request, user)
    return redirect(PAGE)


@fresh_proof
def _make_key(request: HttpRequest, member: Member) -> HttpResponse:
    """A key for the line to try. Its text is in this answer and nowhere else."""
    try:
        key, text = key_services.create_api_key(
            account=queries.account_by_id(member.site.account_id),
            user=member.user,
            name=_("First pageview"),
            permissions=keys.COUNT,
            sites=[member.site.id],
            after=key_once.known_keys(member, request.POST.get("once", "")),
        )
    except errors.AlreadyDone:
        return _show(request, member, twice=True, status=409)
    return _show(request, member, fresh=key_list.fresh(key, text, member=member, request=request))


def _show(
    request: HttpRequest,
    member: Member,
    *,
    fresh: key_list.Fresh | None = None,
    twice: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "member": member,
        "origin": queries.site_url(queries.site_by_code(member.site.code)),
        "counted": _has_counted(member),
        "fresh": fresh,
        "twice": twice,
        "once": key_once.once_of(member),
    }
    return render(request, "welcome.html", context, status=status)


def _has_counted(member: Member) -> bool:
    return first_hit_at(member.site.id) is not None
