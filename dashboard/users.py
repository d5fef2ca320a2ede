"""*Settings → Users*: who belongs to the account, who is invited, and the way out of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import limits, user_list
from dashboard.access import Member, at_least, fresh_proof, members_only
from dashboard.forms import refuse
from dashboard.settings_auth import PAGE_OR_FORM
from dashboard.user_forms import InviteForm, RoleForm
from goatapi import errors
from sites import invitations, members, outbox
from sites.models import Role

PAGE = "/settings/users"

NOTICES = {
    "invited": gettext_lazy("The invitation is on its way."),
    "uninvited": gettext_lazy("The invitation is revoked. Its link opens nothing any more."),
    "role": gettext_lazy("The role is changed."),
    "removed": gettext_lazy("The person is removed, and their API keys are revoked."),
}


TOO_MANY = gettext_lazy("Too many invitations at once. Wait some minutes, then try again.")


@require_safe
@at_least(Role.ADMIN)
def users(request: HttpRequest, member: Member) -> HttpResponse:
    """The page."""
    return _show(request, member, notice=NOTICES.get(request.session.pop("notice", "")))


@require_http_methods(PAGE_OR_FORM)
@at_least(Role.ADMIN)
@fresh_proof
def invite(request: HttpRequest, member: Member) -> HttpResponse:
    """Send somebody an invitation."""
    if request.method != "POST":
        return redirect(PAGE)
    form = InviteForm(request.POST, most=member.role)
    if not form.is_valid():
        return _show(request, member, invite_form=form, open=True, status=400)
    given = form.cleaned_data
    if _too_many(request, member, given["email"]):
        form.add_error(None, TOO_MANY)
        return _show(request, member, invite_form=form, open=True, status=429)
    deed = partial(invitations.invite, site=member.site, email=given["email"])
    try:
        deed(actor=member.user, role=Role(given["role"]))
    except errors.Invalid as refusal:
        refuse(form, refusal)
        return _show(request, member, invite_form=form, open=True, status=400)
    return _back(request, "invited")


@require_http_methods(PAGE_OR_FORM)
@at_least(Role.ADMIN)
def invite_again(request: HttpRequest, member: Member, invitation_id: int) -> HttpResponse:
    """Send an invitation with a new link. Errors: `errors.NotFound` for another account's."""
    if request.method != "POST":
        return redirect(PAGE)
    to = invitations.address_of(account_id=member.site.account_id, invitation_id=invitation_id)
    if _too_many(request, member, to):
        return _show(request, member, refusal=TOO_MANY, status=429)
    deed = partial(invitations.send_again, site=member.site, actor=member.user)
    return _do(request, member, partial(deed, invitation_id=invitation_id), "invited")


@require_http_methods(PAGE_OR_FORM)
@at_least(Role.ADMIN)
def uninvite(request: HttpRequest, member: Member, invitation_id: int) -> HttpResponse:
    """Revoke an invitation. Errors: `errors.NotFound` for another account's."""
    if request.method != "POST":
        return redirect(PAGE)
    deed = partial(invitations.revoke, account_id=member.site.account_id, actor=member.user)
    return _do(request, member, partial(deed, invitation_id=invitation_id), "uninvited")


@require_http_methods(PAGE_OR_FORM)
@at_least(Role.ADMIN)
@fresh_proof
def change_role(request: HttpRequest, member: Member, user_id: int) -> HttpResponse:
    """Give a member another role. Errors: `errors.NotFound` for people of other accounts."""
    if request.method != "POST":
        return redirect(PAGE)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _show(request, member, refusal=_("There is no such role."), status=400)
    deed = partial(members.change_role, account_id=member.site.account_id, actor=member.user)
    chosen = form.cleaned_data["role"]
    return _do(request, member, partial(deed, user_id=user_id, role=chosen), "role")


@require_http_methods(PAGE_OR_FORM)
@at_least(Role.ADMIN)
@fresh_proof
def remove(request: HttpRequest, member: Member, user_id: int) -> HttpResponse:
    """Take a member out. Errors: `errors.NotFound` for people of other accounts."""
    if request.method != "POST":
        return redirect(PAGE)
    deed = partial(members.remove_member, account_id=member.site.account_id, actor=member.user)
    return _do(request, member, partial(deed, user_id=user_id), "removed")


@require_http_methods(PAGE_OR_FORM)
@members_only
def leave(request: HttpRequest, member: Member) -> HttpResponseBase:
    """Take oneself out of the account: a page that asks, and what it asks for."""
    if request.method != "POST":
        return render(request, "leave.html", {"member": member})
    return _leave(request, member)


@fresh_proof
def _leave(request: HttpRequest, member: Member) -> HttpResponse:
    try:
        members.leave(account_id=member.site.account_id, user=member.user)
    except members.LastOwner as refusal:
        context = {"member": member, "refusal": refusal.message}
        return render(request, "leave.html", context, status=refusal.status)
    logout(request)
    return render(request, "left.html", {"code": member.site.code})


def _do(
    request: HttpRequest, member: Member, deed: Callable[[], object], notice: str
) -> HttpResponse:
    """Back to the page, or the page with the refusal."""
    try:
        deed()
    except (errors.Forbidden, members.LastOwner) as refusal:
        return _show(request, member, refusal=refusal.message, status=refusal.status)
    return _back(request, notice)


def _show(request: HttpRequest, member: Member, *, status: int = 200, **given: Any) -> HttpResponse:
    context = {
        "member": member,
        "people": user_list.people(member),
        "waiting": user_list.waiting(member),
        "invite_form": InviteForm(most=member.role),
        "folder": outbox.where(),
        **given,
    }
    return render(request, "users.html", context, status=status)


def _back(request: HttpRequest, notice: str) -> HttpResponse:
    request.session["notice"] = notice
    return redirect(PAGE)


def _too_many(request: HttpRequest, member: Member, to: str) -> bool:
    """Nobody fills mailboxes by this page, nor one mailbox by several accounts."""
    account = f"account:{member.site.account_id}"
    return limits.seconds_to_wait(
        request, form="invite", also=[account]
    ) > 0 or limits.mailed_too_often(request, to=to)
