"""Who may do what to whom in an account, and that an owner stays, also when two change it at once."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from django.db import connections  # noqa: TID251  # threads of a test have connections to close
from django.utils import timezone

from goatapi import errors
from sites import invitations, members, queries, services
from sites.models import ApiKey, AuditEvent, Invitation, Mail, Membership, Role, User
from tests.sites.people import Tenant, get, tenant

pytestmark = pytest.mark.django_db


def person(account: Tenant, role: Role, name: str = "") -> User:
    """A new member."""
    user = User.objects.create_user(f"{name or role.value}@{account.site.code}.org", "pass-word-1")
    services.add_member(account=account.account, user=user, role=role)
    return user


def role_of(account: Tenant, user: User) -> str | None:
    return queries.role_of(account_id=account.account.pk, user_id=user.pk)


def allowed(deed: Callable[[], object]) -> bool:
    """Whether it was done."""
    try:
        deed()
    except errors.Forbidden:
        return False
    return True


def change(account: Tenant, actor: User, user: User, role: Role) -> None:
    members.change_role(account_id=account.account.pk, actor=actor, user_id=user.pk, role=role)


def invite(account: Tenant, actor: User, role: Role, email: str = "new@foo.org") -> str:
    """The token in the mail."""
    site = queries.ref(account.site)
    invitations.invite(site=site, actor=actor, email=email, role=role)
    return token_of(email)


def token_of(email: str) -> str:
    """What the newest mail to this address links to."""
    found = re.search(r"/join/(\S+)", Mail.objects.filter(to=email).latest("pk").text)
    assert found
    return found[1]


def enrol(account: Tenant, token: str) -> User:
    return invitations.enrol(
        account_id=account.account.pk, token=token, name="New", password="pass-word-2"
    )


def may(actor: Role, *roles: Role) -> bool:
    """The rule in a line."""
    return actor in (Role.ADMIN, Role.OWNER) and all(actor.is_at_least(role) for role in roles)


@pytest.mark.parametrize("actor", Role)
def test_nobody_changes_or_grants_more_than_they_have(actor: Role) -> None:
    foo = tenant()
    by = person(foo, actor, "actor")
    for n, (before, after) in enumerate(product(Role, Role)):
        user = person(foo, before, f"user{n}")
        done = allowed(lambda user=user, after=after: change(foo, by, user, after))  # type: ignore[misc]
        assert done == may(actor, before, after), (before, after)
        assert role_of(foo, user) == (after if done else before)


@pytest.mark.parametrize("actor", Role)
def test_nobody_removes_or_invites_who_is_more_than_they_are(actor: Role) -> None:
    foo = tenant()
    by = person(foo, actor, "actor")
    for role in Role:
        user = person(foo, role, f"user-{role.value}")
        remove = {"account_id": foo.account.pk, "actor": by, "user_id": user.pk}
        assert allowed(lambda: members.remove_member(**remove)) == may(actor, role)  # type: ignore[arg-type]  # noqa: B023
        email = f"new-{role.value}@foo.org"
        assert allowed(lambda: invite(foo, by, role, email)) == may(actor, role)  # noqa: B023


def test_a_stranger_changes_nobody_and_is_nobody_here() -> None:
    foo, bar = tenant("foo"), tenant("bar")
    user = person(foo, Role.READ_ONLY)
    with pytest.raises(errors.Forbidden):
        change(foo, bar.owner, user, Role.ADMIN)
    with pytest.raises(errors.NotFound):
        change(bar, bar.owner, user, Role.ADMIN)
    with pytest.raises(errors.NotFound):
        members.remove_member(account_id=bar.account.pk, actor=bar.owner, user_id=user.pk)
    with pytest.raises(errors.NotFound):
        members.leave(account_id=bar.account.pk, user=user)
    assert role_of(foo, user) == Role.READ_ONLY


def test_the_last_owner_stays_an_owner() -> None:
    foo = tenant()
    person(foo, Role.ADMIN)
    account_id, me = foo.account.pk, foo.owner
    with pytest.raises(members.LastOwner):
        members.leave(account_id=account_id, user=me)
    with pytest.raises(members.LastOwner):
        change(foo, me, me, Role.ADMIN)
    with pytest.raises(members.LastOwner):
        members.remove_member(account_id=account_id, actor=me, user_id=me.pk)
    second = person(foo, Role.OWNER, "second")
    members.leave(account_id=account_id, user=me)
    assert role_of(foo, me) is None
    with pytest.raises(members.LastOwner):
        members.leave(account_id=account_id, user=second)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["leave", "lower each other", "remove each other"])
def test_of_two_owners_who_go_at_once_one_stays(way: str) -> None:
    foo = tenant()
    pair = [foo.owner, person(foo, Role.OWNER, "second")]
    start = threading.Barrier(2)
    refused: list[str] = []

    def go(me: User, other: User) -> None:
        start.wait()
        try:
            if way == "leave":
                members.leave(account_id=foo.account.pk, user=me)
            elif way == "lower each other":
                change(foo, me, other, Role.ADMIN)
            else:
                members.remove_member(account_id=foo.account.pk, actor=me, user_id=other.pk)
        except errors.GoatapiError as error:
            refused.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=args) for args in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Membership.objects.filter(account=foo.account, role=Role.OWNER).count() == 1
    assert refused == ["LastOwner" if way == "leave" else "Forbidden"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_invitation_at_once_one_joins() -> None:
    foo = tenant()
    token = invite(foo, foo.owner, Role.SETTINGS)
    start = threading.Barrier(2)
    results: list[str] = []

    def go() -> None:
        start.wait()
        try:
            results.append(enrol(foo, token).email)
        except errors.NotFound:
            results.append("void")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["new@foo.org", "void"]


def test_with_a_person_their_keys_go_for_good() -> None:
    foo = tenant()
    admin = person(foo, Role.ADMIN)
    mine, text = foo.key(user=admin)
    assert get(foo.host, "/api/v0/me", text).status_code == 200
    members.remove_member(account_id=foo.account.pk, actor=foo.owner, user_id=admin.pk)
    assert get(foo.host, "/api/v0/me", text).status_code == 401
    services.add_member(account=foo.account, user=admin, role=Role.ADMIN)
    assert get(foo.host, "/api/v0/me", text).status_code == 401
    assert ApiKey.objects.get(pk=mine.pk).revoked_at


def test_a_lowered_persons_keys_rest() -> None:
    foo = tenant()
    admin = person(foo, Role.ADMIN)
    _, text = foo.key(user=admin)
    change(foo, foo.owner, admin, Role.SETTINGS)
    assert get(foo.host, "/api/v0/me", text).status_code in (401, 403)
    change(foo, foo.owner, admin, Role.ADMIN)
    assert get(foo.host, "/api/v0/me", text).status_code == 200


def test_somebody_new_joins_once_with_what_was_granted() -> None:
    foo = tenant()
    token = invite(foo, foo.owner, Role.SETTINGS)
    user = enrol(foo, token)
    assert (user.email, user.name, role_of(foo, user)) == ("new@foo.org", "New", Role.SETTINGS)
    assert user.check_password("pass-word-2")
    assert User.objects.get(pk=user.pk).email_verified
    with pytest.raises(errors.NotFound):
        enrol(foo, token)
    assert not Invitation.objects.exists()


def test_somebody_known_joins_as_themselves_alone() -> None:
    foo, bar = tenant("foo"), tenant("bar")
    known = User.objects.create_user("known@foo.org", "pass-word-1")
    token = invite(foo, foo.owner, Role.ADMIN, known.email)
    with pytest.raises(errors.NotFound):
        enrol(foo, token)
    with pytest.raises(errors.NotFound):
        invitations.accept(account_id=foo.account.pk, token=token, user=bar.owner)
    with pytest.raises(errors.NotFound):
        invitations.accept(account_id=bar.account.pk, token=token, user=known)
    invitations.accept(account_id=foo.account.pk, token=token, user=known)
    assert role_of(foo, known) == Role.ADMIN
    assert known.check_password("pass-word-1")


def test_the_token_is_not_in_the_table() -> None:
    foo = tenant()
    token = invite(foo, foo.owner, Role.ADMIN)
    row = Invitation.objects.values().get()
    assert token not in str(row)
    assert token.encode() not in bytes(row["digest"])


def test_an_invitation_ends_after_seven_days_and_with_its_revocation() -> None:
    foo = tenant()
    late = invite(foo, foo.owner, Role.ADMIN, "late@foo.org")
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    revoked = invite(foo, foo.owner, Role.ADMIN, "revoked@foo.org")
    row = Invitation.objects.get(email="revoked@foo.org")
    assert timedelta(days=6, hours=23) < row.expires_at - timezone.now() <= timedelta(days=7)
    invitations.revoke(account_id=foo.account.pk, actor=foo.owner, invitation_id=row.pk)
    for token in (late, revoked, "", "nothing"):
        assert invitations.find(account_id=foo.account.pk, token=token) is None


def test_sent_again_it_has_a_new_link_and_the_old_one_is_void() -> None:
    foo = tenant()
    admin = person(foo, Role.ADMIN)
    old = invite(foo, foo.owner, Role.ADMIN)
    row = Invitation.objects.get()
    invitations.send_again(site=queries.ref(foo.site), actor=admin, invitation_id=row.pk)
    assert invitations.find(account_id=foo.account.pk, token=old) is None
    assert enrol(foo, token_of(row.email)).email == row.email


def test_an_admin_can_not_touch_the_invitation_of_an_owner() -> None:
    foo = tenant()
    admin = person(foo, Role.ADMIN)
    invite(foo, foo.owner, Role.OWNER)
    row = Invitation.objects.get()
    with pytest.raises(errors.Forbidden):
        invitations.revoke(account_id=foo.account.pk, actor=admin, invitation_id=row.pk)
    with pytest.raises(errors.Forbidden):
        invitations.send_again(site=queries.ref(foo.site), actor=admin, invitation_id=row.pk)


@pytest.mark.parametrize("becomes", [None, Role.SETTINGS, Role.ADMIN])
def test_an_invitation_is_worth_no_more_than_who_sent_it(becomes: Role | None) -> None:
    foo = tenant()
    sender = person(foo, Role.OWNER, "sender")
    token = invite(foo, sender, Role.OWNER)
    if becomes:
        change(foo, foo.owner, sender, becomes)
    else:
        members.leave(account_id=foo.account.pk, user=sender)
    with pytest.raises(errors.NotFound):
        enrol(foo, token)
    assert not User.objects.filter(email="new@foo.org").exists()
    assert not invitations.is_good(invitations.waiting(account_id=foo.account.pk)[0])


def test_who_is_a_member_or_invited_is_not_invited() -> None:
    foo = tenant()
    invite(foo, foo.owner, Role.ADMIN)
    for email in ("NEW@foo.org ", foo.owner.email.upper(), "no address", ""):
        with pytest.raises(errors.Invalid):
            invite(foo, foo.owner, Role.ADMIN, email)


def test_an_account_has_a_bounded_number_of_invitations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sites.invitations.MOST", 2)
    foo = tenant()
    for n in range(2):
        invite(foo, foo.owner, Role.ADMIN, f"new{n}@foo.org")
    with pytest.raises(errors.Invalid):
        invite(foo, foo.owner, Role.ADMIN, "new3@foo.org")


def test_every_change_is_in_the_audit_log() -> None:
    foo = tenant()
    AuditEvent.objects.all().delete()
    token = invite(foo, foo.owner, Role.READ_ONLY)
    user = enrol(foo, token)
    change(foo, foo.owner, user, Role.ADMIN)
    change(foo, foo.owner, user, Role.ADMIN)
    members.note_sign_in(account_id=foo.account.pk, user=user, country="NL")
    members.leave(account_id=foo.account.pk, user=user)
    told = AuditEvent.objects.order_by("pk").values_list("action", "actor_email", "target")
    assert list(told) == [
        ("user.invited", foo.owner.email, "new@foo.org"),
        ("user.joined", "new@foo.org", "new@foo.org"),
        ("user.role", foo.owner.email, "new@foo.org"),
        ("sign-in", "new@foo.org", ""),
        ("user.left", "new@foo.org", "new@foo.org"),
    ]
    assert token not in str(list(AuditEvent.objects.values()))
