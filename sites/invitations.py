"""Places in an account that wait for somebody: sent by mail, good once, for seven days, for one address.

An invitation is the word of who sent it, and worth no more than they are at the moment it is used.
"""

import hashlib
import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from goatapi import errors
from sites import members, outbox, queries
from sites.audit import record
from sites.models import Invitation, Membership, Role, User, tidy_email
from sites.preferences import beginning, language_of
from sites.tenancy import SiteRef

LIFE = timedelta(days=7)

MOST = 100
"""Invitations of one account that may wait at once."""


@transaction.atomic
def invite(*, site: SiteRef, actor: User, email: str, role: Role) -> Invitation:
    """Send somebody a link to `site` by which they join its account with this role.

    Errors: `errors.Forbidden` for a role above the actor's; `errors.Invalid` for `email`.
    """
    members.lock(site.account_id)
    members.refuse_above(site.account_id, actor, role)
    address = tidy_email(email)
    if problem := _problem(site.account_id, address):
        raise errors.Invalid({"email": [problem]})
    invitation = Invitation(account_id=site.account_id, email=address, role=role)
    _send(invitation, site=site, actor=actor, action="user.invited")
    return invitation


@transaction.atomic
def send_again(*, site: SiteRef, actor: User, invitation_id: int) -> Invitation:
    """Send it with a new link, for another seven days; the old link is void. It is the actor's word now.

    Errors: `errors.NotFound`, `errors.Forbidden`.
    """
    invitation = _locked(site.account_id, actor, invitation_id)
    _send(invitation, site=site, actor=actor, action="user.invited.again")
    return invitation


@transaction.atomic
def revoke(*, account_id: int, actor: User, invitation_id: int) -> None:
    """Its link is void at once. Errors: `errors.NotFound`, `errors.Forbidden`."""
    invitation = _locked(account_id, actor, invitation_id)
    record(account_id=account_id, actor=actor, action="user.uninvited", target=invitation.email)
    invitation.delete()


def waiting(*, account_id: int) -> list[Invitation]:
    """All that were not used or revoked, by address, also those that are good no longer (see `is_good`)."""
    return list(_all(account_id).select_related("invited_by").order_by("email"))


def address_of(*, account_id: int, invitation_id: int) -> str:
    """Whom an invitation of this account is for. Errors: `errors.NotFound`."""
    mine = Invitation.objects.filter(account_id=account_id, pk=invitation_id)
    email = mine.values_list("email", flat=True).first()
    if email is None:
        raise errors.NotFound
    return email


def is_good(invitation: Invitation) -> bool:
    """Whether one can join by it: it is in time, and its sender still has what it grants."""
    sender = vars(invitation)["sender_role"]
    return (
        invitation.expires_at > timezone.now()
        and sender is not None
        and Role(sender).is_at_least(members.LEAST)
        and Role(sender).is_at_least(Role(invitation.role))
    )


def find(*, account_id: int, token: str) -> Invitation | None:
    """The good invitation to this account with this token."""
    invitation = _all(account_id).select_related("invited_by").filter(digest=_digest(token)).first()
    return invitation if invitation and is_good(invitation) else None


def needs_sign_in(invitation: Invitation) -> bool:
    """Whether its reader has a password already, so that the link alone must not let them in."""
    known = queries.user_by_email(invitation.email)
    return known is not None and known.has_usable_password()


def waits_for(*, account_id: int, user: User) -> bool:
    """Whether this person may sign in here to join."""
    mine = _all(account_id).filter(email=user.email)
    return any(is_good(invitation) for invitation in mine)


@transaction.atomic
def accept(*, account_id: int, token: str, user: User) -> None:
    """Join as somebody who is signed in.

    Errors: `errors.NotFound` for a token that is void, or for another address than theirs.
    """
    members.lock(account_id)
    invitation = find(account_id=account_id, token=token)
    if invitation is None or invitation.email != user.email:
        raise errors.NotFound
    _join(invitation, user)


@transaction.atomic
def enrol(*, account_id: int, token: str, name: str, password: str) -> User:
    """Join as somebody new, or known who never had a password: to set one proves no less than a reset.

    Errors: `errors.NotFound` for a token that is void, or of somebody who has to sign in.
    """
    members.lock(account_id)
    invitation = find(account_id=account_id, token=token)
    if invitation is None or needs_sign_in(invitation):
        raise errors.NotFound
    user = _person(invitation.email, name)
    user.set_password(password)
    user.save(update_fields=["name", "password"])
    _join(invitation, user)
    return user


def _all(account_id: int) -> QuerySet[Invitation]:
    """The account's, each with the role that its sender has now."""
    sender = Membership.objects.filter(
        account_id=account_id, user_id=OuterRef("invited_by_id")
    ).values("role")
    return Invitation.objects.filter(account_id=account_id).annotate(sender_role=Subquery(sender))


def _locked(account_id: int, actor: User, invitation_id: int) -> Invitation:
    members.lock(account_id)
    invitation = _all(account_id).filter(pk=invitation_id).first()
    if invitation is None:
        raise errors.NotFound
    members.refuse_above(account_id, actor, Role(invitation.role))
    return invitation


def _problem(account_id: int, email: str) -> str | None:
    try:
        validate_email(email)
    except ValidationError:
        return _("‘%(email)s’ is not a valid e-mail address") % {"email": email}
    if Membership.objects.filter(account_id=account_id, user__email=email).exists():
        return _("this person is a member already")
    waiting = Invitation.objects.filter(account_id=account_id)
    if waiting.filter(email=email).exists():
        return _("this person is invited already; send that invitation again, or revoke it")
    if waiting.count() >= MOST:
        return _("too many invitations are waiting; revoke some first")
    return None


def _send(invitation: Invitation, *, site: SiteRef, actor: User, action: str) -> None:
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    invitation.digest, invitation.invited_by = _digest(token), actor
    invitation.sent_at, invitation.expires_at = now, now + LIFE
    invitation.save()
    record(
        account_id=site.account_id,
        actor=actor,
        action=action,
        target=invitation.email,
        details={"role": invitation.role},
    )
    outbox.post(
        to=invitation.email,
        kind="invitation",
        context={
            "link": f"{queries.url_of(site)}/join/{token}",
            "code": site.code,
            # Not their name: in that they could write what they like, to whom they like, in our mail.
            "by": actor.email,
            "role": Role(invitation.role).label,
            "days": LIFE.days,
        },
        language=_language(invitation.email),
    )


def _language(email: str) -> str:
    """The reader's; of somebody new, what the sender reads is the best guess."""
    return language_of(queries.user_by_email(email), otherwise=get_language() or "en")


def _person(email: str, name: str) -> User:
    try:
        with transaction.atomic():
            begun = beginning(language=get_language())
            return User.objects.create_user(email, name=name, preferences=begun)
    except IntegrityError:
        user = User.objects.get(email=email)
        user.name = name or user.name
        return user


def _join(invitation: Invitation, user: User) -> None:
    """Who became a member in another way meanwhile keeps what they have."""
    Membership.objects.get_or_create(
        account_id=invitation.account_id, user=user, defaults={"role": invitation.role}
    )
    User.objects.filter(pk=user.pk).update(email_verified=True)  # only their mailbox has the link
    record(
        account_id=invitation.account_id,
        actor=user,
        action="user.joined",
        target=user.email,
        details={"role": invitation.role, "by": invitation.invited_by.email},
    )
    invitation.delete()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
