"""The people of an account as the page shows them, members and invited: values, with what may be done to each."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator

from dashboard.access import Member
from dashboard.user_forms import roles_up_to
from sites import invitations, queries
from sites.models import Invitation, Membership, Role


@dataclass(frozen=True, slots=True)
class Row:
    """A member. `roles`: those that the reader may give them; none for who is more than the reader."""

    id: int
    email: str
    name: str
    role: Role
    signed_in_at: datetime | None
    has_mfa: bool
    is_reader: bool
    roles: list[Role]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An invitation; `good` until it is too old, or its sender no longer has what it grants."""

    id: int
    email: str
    role: Role
    by: str
    sent_at: datetime
    expires_at: datetime
    good: bool
    may_change: bool


def people(member: Member) -> list[Row]:
    """All members, by their addresses."""
    rows = queries.members_of(account_id=member.site.account_id)
    guarded = _with_factor([row.user_id for row in rows])
    return [_row(row, member, has_mfa=row.user_id in guarded) for row in rows]


def waiting(member: Member) -> list[Waiting]:
    """All invitations, by their addresses."""
    rows = invitations.waiting(account_id=member.site.account_id)
    return [_waiting(row, member) for row in rows]


def _row(row: Membership, member: Member, *, has_mfa: bool) -> Row:
    role = Role(row.role)
    return Row(
        id=row.user_id,
        email=row.user.email,
        name=row.user.name,
        role=role,
        signed_in_at=row.signed_in_at,
        has_mfa=has_mfa,
        is_reader=row.user_id == member.user.pk,
        roles=roles_up_to(member.role) if member.role.is_at_least(role) else [],
    )


def _waiting(row: Invitation, member: Member) -> Waiting:
    role = Role(row.role)
    return Waiting(
        id=row.pk,
        email=row.email,
        role=role,
        by=row.invited_by.name or row.invited_by.email,
        sent_at=row.sent_at,
        expires_at=row.expires_at,
        good=invitations.is_good(row),
        may_change=member.role.is_at_least(role),
    )


def _with_factor(user_ids: list[int]) -> set[int]:
    """Who needs more than a password to sign in."""
    factors = Authenticator.objects.filter(
        user_id__in=user_ids, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    )
    return set(factors.values_list("user_id", flat=True))
