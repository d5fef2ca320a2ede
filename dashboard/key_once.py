"""What makes a form good for one key: the newest that its reader has, signed."""

from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _

from dashboard.access import Member
from dashboard.context import reader_of
from dashboard.key_forms import NewKeyForm
from goatapi import errors
from sites import queries

SALT = "dashboard.key-form"
FORM_SECONDS = 24 * 3600


def blank(member: Member, request: HttpRequest) -> NewKeyForm:
    """The form for a new key, to be filled in."""
    return _form(member, request, None)


def sent(member: Member, request: HttpRequest) -> NewKeyForm:
    """The form as it came."""
    return _form(member, request, request.POST)


def once_more(member: Member, request: HttpRequest) -> NewKeyForm:
    """The form as it came, to be sent once more if that was meant."""
    data = request.POST.copy()
    data["once"] = once_of(member)
    form = _form(member, request, data)
    text = _(
        "A key was made since this form was opened, perhaps by this form sent twice. "
        "Look at the list: a key’s text can not be shown again, but the key can be revoked. "
        "To make one more, send the form again."
    )
    form.add_error(None, text)
    return form


def known_keys(member: Member, once: str) -> int:
    """The key in `once`. Errors: `errors.AlreadyDone` for a text that is too old, or not ours."""
    try:
        account_id, user_id, newest = signing.loads(once, salt=SALT, max_age=FORM_SECONDS)
    except signing.BadSignature:
        account_id = user_id = newest = -1
    if (account_id, user_id) != (member.site.account_id, member.user.pk):
        raise errors.AlreadyDone("this form is out of date")
    return int(newest)


def _form(member: Member, request: HttpRequest, data: object) -> NewKeyForm:
    return NewKeyForm(
        data,
        sites=queries.sites_of(account_id=member.site.account_id),
        zone=reader_of(request).zone,
        initial={"once": once_of(member)},
    )


def once_of(member: Member) -> str:
    """What a form takes along as `once`."""
    account_id, user_id = member.site.account_id, member.user.pk
    newest = queries.newest_key_id(account_id=account_id, user_id=user_id)
    return signing.dumps([account_id, user_id, newest], salt=SALT)
