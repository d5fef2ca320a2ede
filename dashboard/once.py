"""Forms that do a thing once: signed in them stands the newest such thing that their reader knew of."""

from django.core import signing

from dashboard.access import Member
from goatapi.errors import AlreadyDone

FORM_SECONDS = 24 * 3600


def sign(form: str, member: Member, *, newest: int) -> str:
    """For a hidden field of the form called `form`. `newest`: the id of the member's newest thing, 0 for none."""
    return signing.dumps([member.site.id, member.user.pk, newest], salt=_salt(form))


def newest_known(form: str, member: Member, text: str) -> int:
    """The id in that field. Errors: `AlreadyDone` for a text that is too old, or not this member's."""
    try:
        site_id, user_id, newest = signing.loads(text, salt=_salt(form), max_age=FORM_SECONDS)
    except signing.BadSignature:
        site_id = user_id = newest = -1
    if (site_id, user_id) != (member.site.id, member.user.pk):
        raise AlreadyDone("this form is out of date")
    return int(newest)


def _salt(form: str) -> str:
    return f"dashboard.{form}-form"
