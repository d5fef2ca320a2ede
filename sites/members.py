"""What can be done to the people of an account. Each verb is one transaction, alone in its account.

Nobody gives, changes or takes what is more than they have themselves, and the last owner stays.
"""

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from goatapi import errors
from sites import queries
from sites.audit import record
from sites.models import Account, ApiKey, Membership, Role, Session, User, tidy_email

LEAST = Role.ADMIN
"""Who may invite, change and remove at all."""


class LastOwner(errors.GoatapiError):
    """Without this person the account would have no owner (409)."""

    status = 409

    def __init__(self) -> None:
        super().__init__(_("An account needs an owner. Make somebody else an owner first."))


@transaction.atomic
def change_role(*, account_id: int, actor: User, user_id: int, role: Role) -> None:
    """Give a member another role, from their next request on.

    Errors: `errors.NotFound` for who is no member here, `errors.Forbidden`, `LastOwner`.
    """
    lock(account_id)
    member = _member(account_id, user_id)
    refuse_above(account_id, actor, Role(member.role), role)
    if member.role == role:
        return
    _keep_an_owner(member, becomes=role)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    record(
        account_id=account_id,
        actor=actor,
        action="user.role",
        target=member.user.email,
        details={"from": before, "to": role.value},
    )


@transaction.atomic
def remove_member(*, account_id: int, actor: User, user_id: int) -> None:
    """Take somebody out of the account, with their keys.

    Errors: `errors.NotFound` for who is no member here, `errors.Forbidden`, `LastOwner`.
    """
    lock(account_id)
    member = _member(account_id, user_id)
    refuse_above(account_id, actor, Role(member.role))
    _take_out(member, actor=actor, action="user.removed")


@transaction.atomic
def leave(*, account_id: int, user: User) -> None:
    """Take oneself out, with one's keys. Errors: `errors.NotFound`, `LastOwner`."""
    lock(account_id)
    _take_out(_member(account_id, user.pk), actor=user, action="user.left")


@transaction.atomic
def note_sign_in(*, account_id: int, user: User, country: str = "") -> None:
    """Somebody has signed in on a site of this account; who is only invited is none of its people yet."""
    mine = Membership.objects.filter(account_id=account_id, user=user)
    if mine.update(signed_in_at=timezone.now()):
        record(account_id=account_id, actor=user, action="sign-in", country=country)


@transaction.atomic
def note_failed_sign_in(*, account_id: int, email: str, country: str = "") -> None:
    """Somebody has tried to sign in with this address; told if it is a member's.

    Strangers' addresses are not kept, for people type passwords there. Something is written in every case:
    or the time that the answer takes would tell who is a member.
    """
    address = tidy_email(email)
    if Membership.objects.filter(account_id=account_id, user__email=address).exists():
        record(
            account_id=account_id,
            actor=None,
            action="sign-in.failed",
            target=address,
            country=country,
        )
    else:
        Account.objects.filter(pk=account_id).update(created_at=F("created_at"))


def note_sign_out(*, account_id: int, user: User) -> None:
    """Somebody has ended their session on a site of this account."""
    if queries.role_of(account_id=account_id, user_id=user.pk):
        record(account_id=account_id, actor=user, action="sign-out")


def lock(account_id: int) -> None:
    """Hold the account until the transaction ends, so that of two changes the second sees the first.

    SQLite knows no such lock and needs none: the transaction has the only write lock from its begin.
    """
    Account.objects.select_for_update().get(pk=account_id)


def refuse_above(account_id: int, actor: User, *roles: Role) -> None:
    """Whether the actor may deal with all of these roles. Errors: `errors.Forbidden`."""
    own = queries.role_of(account_id=account_id, user_id=actor.pk)
    if own is None or not Role(own).is_at_least(LEAST):
        raise errors.Forbidden(_("Only admins and owners can invite, change and remove people."))
    if not all(Role(own).is_at_least(role) for role in roles):
        raise errors.Forbidden(_("Only owners can make, change and remove owners."))


def _member(account_id: int, user_id: int) -> Membership:
    # Django knows of an `id`, but of no foreign key, that none is too large for the column.
    people = User.objects.filter(pk=user_id)
    rows = Membership.objects.filter(account_id=account_id, user__in=people)
    member = rows.select_related("user").first()
    if member is None:
        raise errors.NotFound
    return member


def _keep_an_owner(member: Membership, *, becomes: Role | None) -> None:
    if member.role != Role.OWNER or becomes == Role.OWNER:
        return
    owners = Membership.objects.filter(account_id=member.account_id, role=Role.OWNER)
    if not owners.exclude(pk=member.pk).exists():
        raise LastOwner


def _take_out(member: Membership, *, actor: User, action: str) -> None:
    """Their keys and sessions end and are not only at rest, or they would work again after an invitation."""
    _keep_an_owner(member, becomes=None)
    Session.objects.filter(user_id=member.user_id, site__account_id=member.account_id).delete()
    mine = ApiKey.objects.filter(account_id=member.account_id, user_id=member.user_id)
    ended = mine.filter(revoked_at=None).update(revoked_at=timezone.now())
    record(
        account_id=member.account_id,
        actor=actor,
        action=action,
        target=member.user.email,
        details={"role": member.role, "keys": str(ended)},
    )
    member.delete()
