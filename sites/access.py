"""The gates of the API: whose key is this, and may it do that.

Nothing here is cached: a revoked key fails on its next request.

The order of the checks and every text are GoatCounter's (part 1.1 of the behaviour page).
"""

import base64
import binascii
from typing import TYPE_CHECKING, cast

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from goatapi import errors
from goatapi.http.ratelimit import Caller
from sites import key_limits, keys, queries
from sites.key_services import ONLY_ADMINS
from sites.last_use import note_use
from sites.middleware import site_of
from sites.models import KEY_ROLES, ApiKey, User
from sites.tenancy import SiteRef

if TYPE_CHECKING:
    # DRF imports this module, by its settings, while it is making that class.
    from rest_framework.views import APIView

NO_HEADER = "no Authorization header"
WRONG_FORMAT = "wrong format for Authorization header"
UNKNOWN = "unknown token"
OTHER_SITE = "this token does not have access to this site"


class KeyAuthentication(BaseAuthentication):
    """`request.user` and `request.auth` from the key in the Authorization header."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey]:
        """The key and its owner. Errors: `errors.Unauthenticated`, `errors.Forbidden`."""
        key = _key(site_of(request), key_text(request.headers.get("Authorization", "")))
        note_use(key, request)
        key_limits.notice(key)
        owner = SimpleLazyObject(lambda: key.user)  # few views ask, and it is a question more
        return cast(User, owner), key

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        del request
        return "Basic realm=GoatCounter"


class KeyPermission(BasePermission):
    """Holds the key against the view's `required_permissions`.

    That is a mask, or action → mask. One bit in common is enough; with 0 every key may.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """True. Errors: `errors.Forbidden` naming what is missing."""
        key, needed = key_of(request), needed_permissions(view)
        if needed and not key.permissions & needed:
            names = ", ".join(f"'{name}'" for name in keys.names_of(needed))
            raise errors.Forbidden(f"requires {names} permissions")
        return True


def key_of(request: Request) -> ApiKey:
    """The key of a request that has passed the gates. Errors: `errors.Unauthenticated`."""
    if not isinstance(request.auth, ApiKey):
        raise errors.Unauthenticated(NO_HEADER)
    return request.auth


def needed_permissions(view: "APIView") -> int:
    """The mask that the view names for its action; 0 lets every key pass."""
    required = getattr(view, "required_permissions", None)
    if isinstance(required, dict):
        required = required.get(getattr(view, "action", None))
    if not isinstance(required, int):
        raise ImproperlyConfigured(f"{type(view).__name__} names no required_permissions")
    return required


def key_text(header: str) -> str:
    """The key in an Authorization header: after Bearer, or as the password of Basic.

    Errors: `errors.Unauthenticated`.
    """
    if not header:
        raise errors.Unauthenticated(NO_HEADER)
    scheme, *rest = header.split()
    if len(rest) == 1 and scheme.lower() == "bearer":
        return rest[0]
    password = _password(rest[0]) if len(rest) == 1 and scheme.lower() == "basic" else ""
    if not password:
        raise errors.Unauthenticated(WRONG_FORMAT)
    return password


def rate_key(request: HttpRequest) -> Caller | None:
    """Whom the rate limit counts this request for; None for no key, or one this account has not.

    For counting alone: a key keeps its name for up to a minute after it is revoked.
    """
    site: SiteRef | None = getattr(request, "site", None)  # on tenant-less paths there is none
    try:
        text = key_text(request.headers.get("Authorization", ""))
    except errors.Unauthenticated:
        return None
    if site is None or not keys.well_formed(text):
        return None
    return key_limits.caller(account_id=site.account_id, digest=keys.digest(text))


def _key(site: SiteRef, text: str) -> ApiKey:
    found = None
    if keys.well_formed(text):
        digest, now = keys.digest(text), timezone.now()
        found = queries.live_key(account_id=site.account_id, digest=digest, now=now)
    if found is None:
        raise errors.Unauthenticated(UNKNOWN)
    key, role = found
    if not key.reaches(site.id):
        raise errors.Forbidden(OTHER_SITE)
    if role not in KEY_ROLES:
        raise errors.Unauthenticated(ONLY_ADMINS)
    return key


def _password(encoded: str) -> str:
    try:
        pair = base64.b64decode(encoded, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[2]
