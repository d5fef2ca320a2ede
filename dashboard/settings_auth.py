"""*Settings → Password, MFA, API*: three parts on one page, and the three forms on it."""

from django.contrib.auth import update_session_auth_hash
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import key_list, limits
from dashboard.access import Member, key_keepers_only, members_only
from dashboard.forms import KeyForm, PasswordForm, refuse
from goatapi import errors
from sites import queries, services
from sites.models import Site

PAGE = "/settings/auth"
SALT = "dashboard.key-form"
FORM_SECONDS = 24 * 3600

NOTICES = {
    "password": gettext_lazy("Your password is changed. Your other sessions have ended."),
    "revoked": gettext_lazy("The key is revoked. Requests with it fail from now on."),
}

PAGE_OR_FORM = ["GET", "HEAD", "POST"]
"""Methods of the forms' routes: a reload of what they answered leads back to the page."""


@require_safe
@members_only
def auth(request: HttpRequest, member: Member) -> HttpResponse:
    """The page."""
    notice = NOTICES.get(request.session.pop("notice", ""))
    return _show(request, member, notice=notice)


@require_http_methods(PAGE_OR_FORM)
@members_only
def password(request: HttpRequest, member: Member) -> HttpResponse:
    """Change one's password. Sessions hold a hash of it: all others end with it."""
    if request.method != "POST":
        return redirect(PAGE)
    form = PasswordForm(request.POST, user=member.user)
    if wait := limits.seconds_to_wait(request, form="password", also=[f"user:{member.user.pk}"]):
        form.add_error(None, _("Too many tries. Wait %(n)d seconds, then try again.") % {"n": wait})
        return _show(request, member, password_form=form, status=429)
    if not member.user.check_password(request.POST.get("current", "")):
        form.add_error("current", _("This is not your current password."))
    if not form.is_valid():
        return _show(request, member, password_form=form, status=400)
    member.user.set_password(form.cleaned_data["password"])
    member.user.save(update_fields=["password"])
    update_session_auth_hash(request, member.user)
    return _back(request, "password")


@require_http_methods(PAGE_OR_FORM)
@key_keepers_only
def create_key(request: HttpRequest, member: Member) -> HttpResponse:
    """Make a key. Its text is in this answer and nowhere else, so there is no redirect after it."""
    if request.method != "POST":
        return redirect(PAGE)
    form = _key_form(member, request)
    if not form.is_valid():
        return _show(request, member, key_form=form, status=400)
    try:
        key, text = services.create_api_key(
            account=queries.account_by_id(member.site.account_id),
            user=member.user,
            after=_known_keys(member, form.cleaned_data["once"]),
            **form.wish(),
        )
    except errors.Invalid as refusal:
        refuse(form, refusal, also={"expires": "expires_on"})
        return _show(request, member, key_form=form, status=400)
    except services.AlreadyDone:
        return _show(request, member, key_form=_again(member, request), status=409)
    fresh = key_list.fresh(key, text, sites=_sites(member), here=member.site, request=request)
    return _show(request, member, fresh=fresh)


@require_http_methods(PAGE_OR_FORM)
@key_keepers_only
def revoke_key(request: HttpRequest, member: Member, key_id: int) -> HttpResponse:
    """End a key of this account. Errors: `errors.NotFound` for another's."""
    if request.method != "POST":
        return redirect(PAGE)
    account = queries.account_by_id(member.site.account_id)
    services.revoke_api_key(account=account, key_id=key_id)
    return _back(request, "revoked")


def _show(
    request: HttpRequest,
    member: Member,
    *,
    password_form: PasswordForm | None = None,
    key_form: KeyForm | None = None,
    fresh: key_list.Fresh | None = None,
    notice: object = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "member": member,
        "password_form": password_form or PasswordForm(user=member.user),
        "key_form": (key_form or _key_form(member)) if member.keeps_keys else None,
        "open": key_form is not None,
        "keys": key_list.rows(account_id=member.site.account_id),
        "fresh": fresh,
        "notice": notice,
    }
    return render(request, "settings_auth.html", context, status=status)


def _back(request: HttpRequest, notice: str) -> HttpResponse:
    request.session["notice"] = notice
    return redirect(PAGE)


def _sites(member: Member) -> list[Site]:
    return queries.sites_of(account_id=member.site.account_id)


def _key_form(member: Member, request: HttpRequest | None = None) -> KeyForm:
    return KeyForm(request.POST if request else None, sites=_sites(member), once=_once(member))


def _again(member: Member, request: HttpRequest) -> KeyForm:
    """The form as it came, to be sent once more if that was meant."""
    data = request.POST.copy()
    data["once"] = _once(member)
    form = KeyForm(data, sites=_sites(member), once="")
    text = _(
        "A key was made since this form was opened, perhaps by this form sent twice. "
        "Look at the list: a key’s text can not be shown again, but the key can be revoked. "
        "To make one more, send the form again."
    )
    form.add_error(None, text)
    return form


def _once(member: Member) -> str:
    """What makes a form good for one key: the newest that its reader has, signed."""
    account_id, user_id = member.site.account_id, member.user.pk
    newest = queries.newest_key_id(account_id=account_id, user_id=user_id)
    return signing.dumps([account_id, user_id, newest], salt=SALT)


def _known_keys(member: Member, once: str) -> int:
    """The key in `once`. Errors: `services.AlreadyDone` for a text that is too old, or not ours."""
    try:
        account_id, user_id, newest = signing.loads(once, salt=SALT, max_age=FORM_SECONDS)
    except signing.BadSignature:
        account_id = user_id = newest = -1
    if (account_id, user_id) != (member.site.account_id, member.user.pk):
        raise services.AlreadyDone("this form is out of date")
    return int(newest)
