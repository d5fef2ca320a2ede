"""What can be done to API keys: made, edited, rotated, revoked. Each verb is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from goatapi import errors
from sites import audit, key_limits, key_warnings, keys, queries
from sites.key_limits import Rate
from sites.models import KEY_ROLES, Account, ApiKey, User

ONLY_ADMINS = "only admins can create and use API keys"

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a key. `sites` [-1]: all, also those still to come; `limit` None: the class's."""

    name: str
    permissions: int
    sites: Sequence[int] = (-1,)
    expires: datetime | None = None
    limit: Rate | None = None


@transaction.atomic
def create_api_key(
    *,
    account: Account,
    user: User,
    name: str,
    permissions: int,
    sites: Sequence[int] = (-1,),
    expires: datetime | None = None,
    limit: Rate | None = None,
    after: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; its text is given here once and kept nowhere.

    `after` is the newest key of the user that they knew of (0: none), for forms that may come twice.
    Errors: `errors.Forbidden` unless the user is an admin of the account; `errors.Invalid` for
    `name`, `permissions`, `sites`, `expires`, `limit`; `errors.AlreadyDone` when there is one after `after`.
    """
    wish = Wish(name.strip(), permissions, list(sites), expires, limit)
    _only_admins(account, user)
    _check(account, wish)
    if after is not None:
        # Locked, so that of two at once the second sees the first's key.
        Account.objects.select_for_update().get(pk=account.pk)
        if queries.newest_key_id(account_id=account.pk, user_id=user.pk) != after:
            raise errors.AlreadyDone(_("a key was made since this form was opened"))
    key, text = _make(account, user, wish)
    _note("key.created", key, user, _told(key))
    return key, text


@transaction.atomic
def edit_api_key(*, account: Account, user: User, key_id: int, wish: Wish) -> ApiKey:
    """Change what a key is called and may do; its text stays. An expired key may be given more time.

    Errors: `errors.Forbidden` unless the user is an admin of the account; `errors.NotFound` (also for
    another account's); `errors.Invalid` as for a new key, but an expiry that stays may have passed.
    """
    _only_admins(account, user)
    key = _locked(account, key_id)
    _check(account, wish, expired=key.expires_at)
    before = _told(key)
    if wish.expires != key.expires_at:
        key.warned_days = key_warnings.done_with(expires=wish.expires, now=timezone.now())
    _grant(key, wish)
    key.save()
    changed = {
        field: f"{before[field]} → {now}"
        for field, now in _told(key).items()
        if now != before[field]
    }
    if changed:
        _note("key.edited", key, user, changed)
    return key


@transaction.atomic
def rotate_api_key(
    *,
    account: Account,
    user: User,
    key_id: int,
    overlap: timedelta,
    expires: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key that may do what this one may, and end this one after `overlap`: at once, if that is nothing.

    The new one is the user's who rotates, for they alone see its text. A key that ends sooner than the
    overlap still does. Errors: `errors.Forbidden` unless the user is an admin of the account;
    `errors.NotFound` (also for another account's); `errors.Invalid` for `expires`; `errors.AlreadyDone` when
    another key has taken its place.
    """
    _only_admins(account, user)
    old = ApiKey.objects.select_for_update().filter(account=account, pk=key_id).first()
    if old and old.replaced_by.filter(revoked_at=None).exists():
        raise errors.AlreadyDone(_("another key has taken this one’s place"))
    if old is None or old.revoked_at:
        raise errors.NotFound
    limit = key_limits.in_force(old.limit)
    wish = Wish(old.name, old.permissions, old.sites, expires, limit)
    errors.refuse(expires=_expiry_problem(expires))
    _end(old, after=overlap)
    new, text = _make(account, user, wish, replaces=old)
    ends = old.revoked_at or old.expires_at
    told = {"old": old.prefix, "new": new.prefix, "old one ends": _moment(ends)}
    _note("key.rotated", new, user, told)
    return new, text


@transaction.atomic
def revoke_api_key(*, account: Account, user: User | None, key_id: int) -> None:
    """End a key; its next request fails. `user` is None for the server's operator.

    Errors: `errors.NotFound` (also for another account's).
    """
    key = _locked(account, key_id)
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    _note("key.revoked", key, user, {"key": key.prefix})


def _make(
    account: Account, user: User, wish: Wish, *, replaces: ApiKey | None = None
) -> tuple[ApiKey, str]:
    text = keys.make()
    key = ApiKey(
        account=account,
        user=user,
        prefix=keys.shown(text),
        digest=keys.digest(text),
        replaces=replaces,
        warned_days=key_warnings.done_with(expires=wish.expires, now=timezone.now()),
    )
    _grant(key, wish)
    key.save()
    return key, text


def _grant(key: ApiKey, wish: Wish) -> None:
    key.name = wish.name.strip()
    key.permissions = wish.permissions
    key.sites = list(wish.sites)
    key.expires_at = wish.expires
    key.limit_requests, key.limit_seconds = wish.limit or (None, None)


def _end(key: ApiKey, *, after: timedelta) -> None:
    """No later than that; at once, it is as good as revoked."""
    now = timezone.now()
    if not after:
        key.revoked_at = now
    elif key.expires_at is None or key.expires_at > now + after:
        key.expires_at = now + after
        key.warned_days = key_warnings.done_with(expires=key.expires_at, now=now)
    key.save(update_fields=["revoked_at", "expires_at", "warned_days"])


def _note(action: str, key: ApiKey, user: User | None, details: Mapping[str, str]) -> None:
    audit.record(
        account_id=key.account_id, actor=user, action=action, target=key.name, details=details
    )


def _told(key: ApiKey) -> dict[str, str]:
    """What the audit log tells of a key."""
    limit = key.limit
    return {
        "name": key.name,
        "key": key.prefix,
        "permissions": ", ".join(keys.names_of(key.permissions)) or "none",
        "sites": "all" if -1 in key.sites else ", ".join(map(str, key.sites)),
        "expires": _moment(key.expires_at),
        "limit": f"{limit[0]}/{limit[1]}" if limit else "as its class",
    }


def _moment(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else "never"


def _locked(account: Account, key_id: int) -> ApiKey:
    live = ApiKey.objects.select_for_update().filter(account=account, pk=key_id, revoked_at=None)
    key = live.first()
    if key is None:
        raise errors.NotFound
    return key


def _only_admins(account: Account, user: User) -> None:
    """Who is less may not do all that a key may, so they grant nothing."""
    if queries.role_of(account_id=account.pk, user_id=user.pk) not in KEY_ROLES:
        raise errors.Forbidden(ONLY_ADMINS)


def _check(account: Account, wish: Wish, *, expired: datetime | None = None) -> None:
    """Errors: `errors.Invalid`. `expired` is an end that may be kept though it has passed."""
    errors.refuse(
        name=None
        if 0 < len(wish.name.strip()) <= LONGEST_NAME
        else _("the name must have 1 to %(most)d characters") % {"most": LONGEST_NAME},
        permissions=_("unknown permission")
        if wish.permissions & ~(keys.ALL | keys.NOTHING)
        else None,
        sites=_sites_problem(account, wish.sites),
        expires=None if wish.expires == expired else _expiry_problem(wish.expires),
        limit=key_limits.problem(wish.limit),
    )


def _expiry_problem(expires: datetime | None) -> str | None:
    return _("the expiry has passed already") if expires and expires <= timezone.now() else None


def _sites_problem(account: Account, sites: Sequence[int]) -> str | None:
    if list(sites) == [-1]:
        return None
    mine = {site.pk for site in queries.sites_of(account_id=account.pk)}
    return None if sites and set(sites) <= mine else _("a key is for sites of its own account")
