"""Sign-up: a wish, a mail, a link, and then an account with its first site.

Nothing is made before the mailed link is opened, and every address is mailed: so nobody learns whom we know.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone as clock

from goatapi import errors
from sites import outbox, preferences, queries, services
from sites.models import SignUp, Site, User, tidy_email

LINK = timedelta(hours=24)
HANDOVER = timedelta(minutes=2)
"""For the way from the service's own name to the new site, whose cookies are its own."""


@dataclass(frozen=True, slots=True)
class Made:
    """The new site. `token` lets its owner in, once; "" for who had a password already: they sign in."""

    site: Site
    token: str = field(repr=False)


@transaction.atomic
def begin(*, email: str, code: str, password: str, timezone: str, language: str) -> int:
    """Note the wish and mail the link that fulfils it; the wish's id.

    Takes as long for an address that is known. Errors: `errors.Invalid` for `code`, `email`.
    """
    code = code.strip().lower()
    if problem := queries.code_problem(code):
        raise errors.Invalid({"code": [problem]})
    known = queries.user_by_email(email) is not None
    token = secrets.token_urlsafe(32)
    wish = SignUp.objects.create(
        email=tidy_email(email),
        code=code,
        password=make_password(password),
        language=language,
        timezone=timezone,
        token_digest=_digest(token),
        expires_at=clock.now() + LINK,
    )
    link = f"{outbox.service_url()}/sign-up/confirm?{urlencode({'token': token})}"
    outbox.post(
        to=wish.email,
        kind="sign-up-again" if known else "sign-up",
        context={"link": link, "code": code, "hours": LINK // timedelta(hours=1)},
        language=None if known else language,
    )
    return wish.pk


def wish_of(token: str) -> SignUp:
    """The wish that this mailed link fulfils. Errors: `errors.NotFound` when it is over or fulfilled."""
    wish = _wishes(token).filter(site=None).first()
    if wish is None:
        raise errors.NotFound
    return wish


def is_password_of(wish: SignUp, password: str) -> bool:
    """Whether who wished chose this one."""
    return check_password(password, wish.password)


@transaction.atomic
def confirm(*, token: str, code: str) -> Made:
    """Make the site, and its owner if nobody has the address yet. The link is worth nothing from then on.

    A known person keeps their password. Errors: `errors.NotFound` as `wish_of`; `errors.Invalid` for `code`.
    """
    wish = _wishes(token).select_for_update().filter(site=None).first()
    if wish is None:
        raise errors.NotFound
    is_new = _make_person(wish)
    site = services.create_site(code=code, email=wish.email, by_owner=True)
    owner = User.objects.get(email=wish.email)
    if is_new:
        return Made(site, _hand_over(wish, site))
    wish.delete()
    services.verify_email(user=owner)
    return Made(site, "")


def enter(*, site_id: int, token: str) -> User:
    """Who is handed over to this site with this token; works once. Errors: `errors.NotFound`."""
    wish = _wishes(token).filter(site_id=site_id).first()
    if wish is None or not SignUp.objects.filter(pk=wish.pk).delete()[0]:
        raise errors.NotFound
    return User.objects.get(email=wish.email)


def forget_over() -> None:
    """Delete the wishes whose time is over."""
    SignUp.objects.filter(expires_at__lte=clock.now()).delete()


def _wishes(token: str) -> QuerySet[SignUp]:
    return SignUp.objects.filter(token_digest=_digest(token), expires_at__gt=clock.now())


def _make_person(wish: SignUp) -> bool:
    """Make a user with the wish's password, unless there is one with its address."""
    user = User(
        email=wish.email,
        password=wish.password,
        email_verified=True,
        preferences=preferences.beginning(language=wish.language, timezone=wish.timezone),
    )
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _hand_over(wish: SignUp, site: Site) -> str:
    token = secrets.token_urlsafe(32)
    wish.site, wish.token_digest = site, _digest(token)
    wish.expires_at = clock.now() + HANDOVER
    wish.save(update_fields=["site", "token_digest", "expires_at"])
    return token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
