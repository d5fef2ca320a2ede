"""Second factors of people, in django-allauth's table: secrets are sealed, and a code is good once."""

import secrets
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import transaction

from goatapi import errors
from sites import alerts, audit, queries
from sites.models import Account, Membership, User
from sites.sealing import seal, unseal

APP = Authenticator.Type.TOTP
PASSKEY = Authenticator.Type.WEBAUTHN
CODES = Authenticator.Type.RECOVERY_CODES


class Required(errors.GoatapiError):
    """An account of theirs requires a second factor, and this is the last one (409)."""

    status = 409


def kinds(*, user_id: int) -> frozenset[str]:
    """Of the factors that the person has; recovery codes alone are none."""
    mine = _of(user_id, (APP, PASSKEY)).values_list("type", flat=True)
    return frozenset(mine)


def app_of(*, user_id: int) -> Authenticator | None:
    """The authenticator app, if one is set up."""
    return _of(user_id, (APP,)).first()


@dataclass(frozen=True, slots=True)
class Passkey:
    """One of a person's; it works on the hosts of `rp_id`."""

    id: int
    name: str
    rp_id: str
    created_at: datetime
    last_used_at: datetime | None


def passkeys_of(*, user_id: int) -> list[Passkey]:
    """The person's passkeys, in the order in which they were made."""
    return [
        Passkey(row.pk, row.data["name"], row.data["rp_id"], row.created_at, row.last_used_at)
        for row in _of(user_id, (PASSKEY,))
    ]


def new_secret() -> str:
    """For an authenticator app: 160 bits, in the letters that apps take."""
    return b32encode(secrets.token_bytes(20)).decode()


@transaction.atomic
def add_app(*, account_id: int, user: User, secret: str, code: str) -> bool:
    """Set up an authenticator app that shows `code` now; False if that is not what it shows.

    Errors: `errors.Forbidden` for an unconfirmed address; `errors.Invalid` for `code` when there is an app.
    """
    _lock(user)
    check_verified(user)
    if app_of(user_id=user.pk):
        raise errors.Invalid({"code": ["an authenticator app is set up already"]})
    step = _step(secret, code, after=0)
    if step is None:
        return False
    data = {"secret": seal(secret), "step": step}
    Authenticator.objects.create(user=user, type=APP, data=data)
    audit.record(account_id=account_id, actor=user, action="mfa.totp.added")
    alerts.tell(account_id=account_id, user=user, change="mfa.totp.added")
    return True


@transaction.atomic
def use_code(*, account_id: int, user: User, code: str) -> Authenticator | None:
    """The factor whose code this is, an app's or one of the recovery codes. Afterwards it is used up.

    The account whose site is asked is told of a recovery code, if it is the person's: few are used in earnest.
    """
    for factor in _of(user.pk, (APP, CODES)).select_for_update():
        if _used(factor, code):
            factor.user = user
            factor.record_usage()
            if factor.type == CODES and queries.role_of(account_id=account_id, user_id=user.pk):
                action = "mfa.recovery-codes.used"
                audit.record(account_id=account_id, actor=user, action=action)
            return factor
    return None


@transaction.atomic
def remove(*, account_id: int, user: User, factor_id: int) -> None:
    """Take a factor away; with the last one go the recovery codes.

    Errors: `errors.NotFound` (also for another's); `Required`.
    """
    _lock(user)
    factor = _of(user.pk, (APP, PASSKEY)).filter(pk=factor_id).first()
    if factor is None:
        raise errors.NotFound
    last = not _of(user.pk, (APP, PASSKEY)).exclude(pk=factor_id).exists()
    if last and is_required(user_id=user.pk):
        raise Required("an account of yours requires a second factor: first set up another one")
    details = {"name": factor.data["name"]} if factor.type == PASSKEY else {}
    action = "mfa.passkey.removed" if factor.type == PASSKEY else "mfa.totp.removed"
    factor.delete()
    if last:
        _of(user.pk, (CODES,)).delete()
    audit.record(account_id=account_id, actor=user, action=action, details=details)
    alerts.tell(account_id=account_id, user=user, change=action, **details)


@transaction.atomic
def renew_codes(*, account_id: int, user: User) -> None:
    """New recovery codes in place of all there were. Errors: `errors.NotFound` without a factor."""
    _lock(user)
    if not kinds(user_id=user.pk):
        raise errors.NotFound
    _of(user.pk, (CODES,)).delete()
    RecoveryCodes.activate(user)
    audit.record(account_id=account_id, actor=user, action="mfa.recovery-codes.made")


def codes_of(*, user_id: int) -> list[str]:
    """The recovery codes that are not used up. Errors: `sealing.Broken`."""
    row = _of(user_id, (CODES,)).first()
    return list(row.wrap().get_unused_codes()) if row else []


def codes_left(*, user_id: int) -> int:
    """How many recovery codes there are still."""
    row = _of(user_id, (CODES,)).first()
    return mfa_settings.RECOVERY_CODE_COUNT - row.data["used_mask"].bit_count() if row else 0


def check_verified(user: User) -> None:
    """Else somebody could lock the owner of an address out for good, by signing up with it first.

    Errors: `errors.Forbidden`.
    """
    if not user.email_verified:
        raise errors.Forbidden("confirm your e-mail first: the link is in the mail you got")


def is_required(*, user_id: int) -> bool:
    """Whether one of the person's accounts requires a second factor."""
    return Membership.objects.filter(user_id=user_id, account__require_factor=True).exists()


def is_missing(*, account_id: int, user_id: int) -> bool:
    """Whether the account requires a factor that the person does not have."""
    demanding = Account.objects.filter(pk=account_id, require_factor=True).exists()
    return demanding and not kinds(user_id=user_id)


def people_without(*, account_id: int) -> list[str]:
    """The e-mails of the account's members that have no factor."""
    having = Authenticator.objects.filter(type__in=(APP, PASSKEY)).values("user_id")
    without = User.objects.filter(memberships__account_id=account_id).exclude(pk__in=having)
    return list(without.order_by("email").values_list("email", flat=True))


@transaction.atomic
def require(*, account_id: int, actor: User, required: bool) -> None:
    """Have every member of the account need a second factor, or no more."""
    changed = Account.objects.filter(pk=account_id).exclude(require_factor=required)
    if changed.update(require_factor=required):
        details = {"require_factor": "on" if required else "off"}
        audit.record(account_id=account_id, actor=actor, action="account.setting", details=details)


def _of(user_id: int, types: Iterable[str]) -> Any:
    return Authenticator.objects.filter(user_id=user_id, type__in=types).order_by("pk")


def _lock(user: User) -> None:
    """Of two changes at once the second sees what the first has done."""
    User.objects.select_for_update().get(pk=user.pk)


def _used(factor: Authenticator, code: str) -> bool:
    if factor.type == CODES:
        return bool(factor.wrap().validate_code(code))
    step = _step(unseal(factor.data["secret"]), code, after=factor.data.get("step", 0))
    if step is None:
        return False
    factor.data["step"] = step
    factor.save(update_fields=["data"])
    return True


def _step(secret: str, code: str, *, after: int) -> int | None:
    """The half minute whose code this is, if it is a new one: a code that was seen is worth nothing."""
    for step in yield_hotp_counters_from_time():
        expected = format_hotp_value(hotp_value(secret, step))
        if step > after and compare_user_code(actual=code, expected=expected):
            return int(step)
    return None
