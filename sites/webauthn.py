"""Passkeys: the two ceremonies of WebAuthn, by fido2, with django-allauth's rows.

Every passkey is one that finds its owner by itself and asks for a finger, a face or a PIN (user verification):
so it is a way in alone, and a second factor after the password. fido2 is large: import this module late.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from sites import alerts, audit, factors
from sites.models import User

LONGEST_ANSWER = 20_000
REQUIRED = UserVerificationRequirement.REQUIRED

State = dict[str, Any]
"""What has to be kept between the two halves of a ceremony."""


@dataclass(frozen=True, slots=True)
class Place:
    """What passkeys are bound to (`rp_id`), and the only origin whose answers count."""

    rp_id: str
    origin: str


def place(*, host: str, origin: str, domain: str) -> Place | None:
    """Of a site's host on the service `domain`; None where browsers have no passkeys, as on an address.

    Sites below the service's domain share theirs. Below a name without a dot (localhost) browsers allow
    none but the host's own.
    """
    try:
        ip_address(host)
    except ValueError:
        shared = "." in domain and (host == domain or host.endswith(f".{domain}"))
        return Place(domain if shared else host, origin)
    return None


def begin_new(*, user: User, at: Place) -> tuple[dict[str, Any], State]:
    """What the browser is asked for a new passkey, and the state for `finish_new`."""
    options, state = _server(at).register_begin(
        PublicKeyCredentialUserEntity(
            id=str(user.pk).encode(), name=user.email, display_name=user.name or user.email
        ),
        credentials=[_credential(row) for row in _rows(user)],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=REQUIRED,
    )
    return dict(options.public_key), dict(state)


@transaction.atomic
def finish_new(
    *, account_id: int, user: User, at: Place, state: State, answer: str, name: str
) -> Authenticator | None:
    """Keep the passkey in the browser's answer; None if that is no good one.

    Errors: `errors.Forbidden` for an unconfirmed address.
    """
    factors.check_verified(user)
    given = _read(answer)
    if given is None or not _registered(at, state, given):
        return None
    row = Authenticator.objects.create(
        user=user,
        type=factors.PASSKEY,
        data={"name": name, "credential": given, "rp_id": at.rp_id},
    )
    action, details = "mfa.passkey.added", {"name": name}
    audit.record(account_id=account_id, actor=user, action=action, details=details)
    alerts.tell(account_id=account_id, user=user, change=action, name=name)
    return row


def begin_use(*, at: Place, user: User | None) -> tuple[dict[str, Any], State]:
    """What the browser is asked for a passkey of `user` (None: whoever is there), and the state."""
    known = None if user is None else [_credential(row) for row in _rows(user)]
    options, state = _server(at).authenticate_begin(known, user_verification=REQUIRED)
    return dict(options.public_key), dict(state)


def finish_use(*, at: Place, state: State, answer: str, user: User | None) -> Authenticator | None:
    """The passkey that answered, with its user; None for any other answer."""
    given = _read(answer)
    owner = user or (_owner(given) if given else None)
    if given is None or owner is None:
        return None
    rows = {bytes(_credential(row).credential_id): row for row in _rows(owner)}
    credential = _verified(at, state, given, [_credential(row) for row in rows.values()])
    if credential is None:
        return None
    row = rows[bytes(credential.credential_id)]
    row.user = owner
    row.record_usage()
    return row


def _server(at: Place) -> Fido2Server:
    rp = PublicKeyCredentialRpEntity(id=at.rp_id, name="Goatapi")
    return Fido2Server(rp, verify_origin=lambda origin: origin == at.origin)


def _registered(at: Place, state: State, given: Mapping[str, Any]) -> bool:
    try:
        _server(at).register_complete(state, given)
    except Exception:  # noqa: BLE001  # whatever a made-up answer trips over, it is refused
        return False
    return True


def _verified(
    at: Place, state: State, given: Mapping[str, Any], known: list[AttestedCredentialData]
) -> AttestedCredentialData | None:
    try:
        return _server(at).authenticate_complete(state, known, given)
    except Exception:  # noqa: BLE001  # as above
        return None


def _read(answer: str) -> dict[str, Any] | None:
    if len(answer) > LONGEST_ANSWER:
        return None
    try:
        given = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _owner(given: Mapping[str, Any]) -> User | None:
    """Whom the passkey says it belongs to; its signature has to show it."""
    try:
        text = websafe_decode(given["response"]["userHandle"]).decode("ascii")
    except (KeyError, TypeError, ValueError):
        return None
    return User.objects.filter(pk=int(text)).first() if text.isdigit() and len(text) < 19 else None


def _rows(user: User) -> list[Authenticator]:
    mine = Authenticator.objects.filter(user_id=user.pk, type=factors.PASSKEY)
    return list(mine.order_by("pk"))


def _credential(row: Authenticator) -> AttestedCredentialData:
    registration = RegistrationResponse.from_dict(row.data["credential"])
    data: AttestedCredentialData | None = (
        registration.response.attestation_object.auth_data.credential_data
    )
    assert data is not None  # noqa: S101  # it was checked when the passkey was made
    return data
