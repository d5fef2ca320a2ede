"""*Settings → API*: keys are made, edited, rotated and revoked."""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard import key_list, key_once
from dashboard.access import Member, fresh_proof, key_keepers_only
from dashboard.context import reader_of
from dashboard.forms import refuse
from dashboard.key_forms import EditKeyForm, ExpiringForm, NewKeyForm, RotateForm, as_long_again
from dashboard.settings_auth import PAGE, PAGE_OR_FORM, back, show
from goatapi import errors
from sites import key_services, queries
from sites.models import Account, ApiKey

FIELDS = {"expires": "expires_on", "limit": "limit_requests"}
"""Where the refusals of a service are shown that are about another field's choice."""


@require_http_methods(PAGE_OR_FORM)
@key_keepers_only
@fresh_proof
def create_key(request: HttpRequest, member: Member) -> HttpResponse:
    """Make a key. Its text is in this answer and nowhere else, so there is no redirect after it."""
    if request.method != "POST":
        return redirect(PAGE)
    form = key_once.sent(member, request)
    if not form.is_valid():
        return _not_made(request, member, form, 400)
    try:
        key, text = key_services.create_api_key(
            account=_account(member),
            user=member.user,
            after=key_once.known_keys(member, form.cleaned_data["once"]),
            **asdict(form.wish()),
        )
    except errors.Invalid as refusal:
        refuse(form, refusal, also=FIELDS)
        return _not_made(request, member, form, 400)
    except errors.AlreadyDone:
        return _not_made(request, member, key_once.once_more(member, request), 409)
    return show(request, member, fresh=key_list.fresh(key, text, member=member, request=request))


@require_http_methods(PAGE_OR_FORM)
@key_keepers_only
@fresh_proof
def edit_key(request: HttpRequest, member: Member, key_id: int) -> HttpResponse:
    """What a key is called and may do. Errors: `errors.NotFound` for another account's."""
    key = queries.key_of(account_id=member.site.account_id, key_id=key_id)
    form = EditKeyForm(
        request.POST if request.method == "POST" else None,
        key=key,
        reader=reader_of(request),
        sites=queries.sites_of(account_id=member.site.account_id),
    )
    if not form.is_bound or not form.is_valid():
        return _page(request, member, "edit", key, form)
    try:
        key_services.edit_api_key(
            account=_account(member), user=member.user, key_id=key_id, wish=form.wish()
        )
    except errors.Invalid as refusal:
        refuse(form, refusal, also=FIELDS)
        return _page(request, member, "edit", key, form)
    return back(request, "edited")


@require_http_methods(PAGE_OR_FORM)
@key_keepers_only
@fresh_proof
def rotate_key(request: HttpRequest, member: Member, key_id: int) -> HttpResponse:
    """A new text in place of a key's, shown in this answer and nowhere else.

    Errors: `errors.NotFound` for another account's.
    """
    if request.method != "POST":
        key = queries.key_of(account_id=member.site.account_id, key_id=key_id)
        zone = reader_of(request).zone
        form = RotateForm(zone=zone, initial=as_long_again(key, zone))
        return _page(request, member, "rotate", key, form)
    return _rotate(request, member, key_id)


@require_http_methods(PAGE_OR_FORM)
@key_keepers_only
@fresh_proof
def revoke_key(request: HttpRequest, member: Member, key_id: int) -> HttpResponse:
    """End a key of this account. Errors: `errors.NotFound` for another's."""
    if request.method != "POST":
        return redirect(PAGE)
    key_services.revoke_api_key(account=_account(member), user=member.user, key_id=key_id)
    return back(request, "revoked")


def _rotate(request: HttpRequest, member: Member, key_id: int) -> HttpResponse:
    form = RotateForm(request.POST, zone=reader_of(request).zone)
    try:
        if form.is_valid():
            key, text = key_services.rotate_api_key(
                account=_account(member),
                user=member.user,
                key_id=key_id,
                overlap=form.stays(),
                expires=form.expiry(),
            )
            fresh = key_list.fresh(key, text, member=member, request=request)
            return show(request, member, fresh=fresh)
    except errors.Invalid as refusal:
        refuse(form, refusal, also=FIELDS)
    except errors.AlreadyDone:
        return show(request, member, key_refusal=_rotated_already(), status=409)
    key = queries.key_of(account_id=member.site.account_id, key_id=key_id)
    return _page(request, member, "rotate", key, form)


def _rotated_already() -> str:
    return _(
        "This key was rotated already, perhaps by this form sent twice. The new text can not be shown "
        "again: if nobody has copied it, rotate the new key once more."
    )


def _page(
    request: HttpRequest, member: Member, deed: str, key: ApiKey, form: ExpiringForm
) -> HttpResponse:
    """The page that edits or rotates a key, by `deed`."""
    context = {"member": member, "deed": deed, "key": key_list.row(key), "form": form}
    return render(request, f"key_{deed}.html", context, status=400 if form.errors else 200)


def _not_made(request: HttpRequest, member: Member, form: NewKeyForm, status: int) -> HttpResponse:
    return show(request, member, key_form=form, open=True, status=status)


def _account(member: Member) -> Account:
    return queries.account_by_id(member.site.account_id)
