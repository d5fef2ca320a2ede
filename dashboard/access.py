"""The gates of the pages: who is signed in here, and what they are here.

Asked anew with every request: a person who is removed, or loses a role, loses it at once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard import proof
from dashboard.devices import device_of
from dashboard.sessions import COUNTRY, DEVICE, SINCE, SITE, store_of
from goatapi import errors
from sites import factors, members, queries
from sites.country import country_of
from sites.middleware import site_of
from sites.models import KEY_ROLES, Role, User
from sites.tenancy import SiteRef

PROOFS = ("account_authentication_methods", "account_authentication_methods_user")
"""Where allauth keeps in the session what was proved in it, and by whom."""

SET_UP = "/settings/auth/totp"
OPEN_WITHOUT_FACTOR = (
    SET_UP,
    "/settings/auth/passkeys",
    "/settings/auth/recovery-codes",
    "/settings/auth/confirm",
    "/prove",
)
"""Where members get the second factor that their account requires; until then nothing else is open to them."""

ONLY_ADMINS = gettext_lazy("Only admins and owners can create and revoke API keys.")

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Member:
    """A person who is signed in on this site, and belongs to its account."""

    user: User
    role: Role
    site: SiteRef

    @property
    def keeps_keys(self) -> bool:
        """Whether they may create and revoke API keys."""
        return self.role in KEY_ROLES


def member_of(request: HttpRequest) -> Member | None:
    """Who is asking; None for passers-by and for people of other accounts."""
    site, user = site_of(request), visitor(request)
    if user is None:
        return None
    role = queries.role_of(account_id=site.account_id, user_id=user.pk)
    return Member(user, Role(role), site) if role else None


def visitor(request: HttpRequest) -> User | None:
    """Who is signed in on this site, member or (with an invitation) not yet."""
    user = request.user
    signed_in_here = request.session.get(SITE) == site_of(request).id
    return user if isinstance(user, User) and signed_in_here else None


def open_session(request: HttpRequest, user: User) -> None:
    """Sign in, here, with a new session: a key that was planted or left before is worth nothing."""
    proofs = {name: request.session[name] for name in PROOFS if name in request.session}
    request.session.flush()
    login(request, user)
    site, country = site_of(request), country_of(request)
    about = {SITE: site.id, DEVICE: device_of(request), COUNTRY: country[:2], SINCE: time.time()}
    request.session.update(proofs | about)
    members.note_sign_in(account_id=site.account_id, user=user, country=country)


def members_only(view: View) -> View:
    """Gives the view its `Member`; everybody else is sent to sign in."""

    @wraps(view)
    def gate(request: HttpRequest, **captured: Any) -> HttpResponseBase:
        member = member_of(request)
        if member is None:
            return redirect(f"/sign-in?{urlencode({'next': request.path})}")
        store_of(request).note_seen()
        if _lacks_factor(request, member):
            return redirect(SET_UP)
        return view(request, member, **captured)

    return gate


def _lacks_factor(request: HttpRequest, member: Member) -> bool:
    """Whether what the account requires has to be set up before this page."""
    if request.path.startswith(OPEN_WITHOUT_FACTOR):
        return False
    return factors.is_missing(account_id=member.site.account_id, user_id=member.user.pk)


def key_keepers_only(view: View) -> View:
    """As `members_only`. Errors: `errors.Forbidden` below the role of an admin."""

    @members_only
    @wraps(view)
    def gate(request: HttpRequest, member: Member, **captured: Any) -> HttpResponseBase:
        if not member.keeps_keys:
            raise errors.Forbidden(str(ONLY_ADMINS))
        return view(request, member, **captured)

    return gate


def at_least(role: Role) -> Callable[[View], View]:
    """As `members_only`. Errors: `errors.Forbidden` for members whose role is lower."""

    def gate_of(view: View) -> View:
        @members_only
        @wraps(view)
        def gate(request: HttpRequest, member: Member, **captured: Any) -> HttpResponseBase:
            if not member.role.is_at_least(role):
                text = _("This needs the role ‘%(role)s’. Yours is ‘%(own)s’.")
                raise errors.Forbidden(text % {"role": role.label, "own": member.role.label})
            return view(request, member, **captured)

        return gate

    return gate_of


def fresh_proof(view: View) -> View:
    """Below a gate: lets the view run only after a proof of the last ten minutes.

    Without one, a page is come back to from `/prove`; a form that was sent is kept on the page that asks.
    """

    @wraps(view)
    def gate(request: HttpRequest, member: Member, **captured: Any) -> HttpResponseBase:
        if not proof.is_fresh(request, member.user):
            if request.method != "POST":
                return redirect(f"/prove?{urlencode({'next': request.get_full_path()})}")
            if page := proof.demand(request, member.user):
                return page
        return view(request, member, **captured)

    return gate


def safe_path(wanted: Any, *, otherwise: str = "/settings/auth") -> str:
    """`wanted` if it is a path on this host, however it is spelt."""
    text = str(wanted or "")
    inside = text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)
    return text if inside else otherwise
