"""*Settings → Users*, and the ways in and out of an account, as people go them."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.utils.html import escape

from sites import queries
from sites.models import AuditEvent, Invitation, Mail, Membership, Role, User
from sites.services import add_member
from tests.dashboard.browser import PASSWORD, Browser, at, make_member, minutes_later, signed_in
from tests.make import Cast, make_tenant

PAGE = "/settings/users"
NEW = "new@example.net"
NEW_PASSWORD = "staple battery 7"


def text_of(browser: Browser, path: str = PAGE) -> str:
    page = browser.get(path)
    assert page.status_code == 200
    return str(page.content.decode())


def invite(browser: Browser, email: str = NEW, role: Role = Role.READ_ONLY) -> str:
    """The path of the link in the mail."""
    reply = browser.post(f"{PAGE}/invite", {"email": email, "role": role.value})
    assert (reply.status_code, reply["Location"]) == (302, PAGE)
    return link_to(email)


def link_to(email: str) -> str:
    found = re.search(r"http://[^/]+(/join/\S+)", Mail.objects.filter(to=email).latest("pk").text)
    assert found
    return found[1]


def join(browser: Browser, path: str, **more: str) -> Any:
    """The form of somebody new."""
    form = {"name": "New Person", "password": NEW_PASSWORD, "again": NEW_PASSWORD, **more}
    return browser.post(path, form)


def role_here(cast: Cast, email: str) -> str | None:
    user = queries.user_by_email(email)
    account_id = cast.owner.account.pk
    return queries.role_of(account_id=account_id, user_id=user.pk) if user else None


# --- the page


def test_the_page_shows_who_is_what_and_when_they_last_came(cast: Cast) -> None:
    make_member(cast.owner, Role.SETTINGS)
    page = text_of(signed_in(cast.owner))
    assert "owner@example.net" in page
    assert "settings@example.net" in page
    assert page.count("<dd>never</dd>") == 1
    assert page.count("<dd>off</dd>") == 2
    assert "stranger" not in page


def test_a_sign_in_elsewhere_is_not_told(cast: Cast) -> None:
    Membership.objects.create(
        account=cast.owner.account, user=cast.stranger.user, role=Role.READ_ONLY
    )
    signed_in(cast.stranger)
    assert "<dd>never</dd>" in text_of(signed_in(cast.owner))


def test_an_admin_sees_owners_without_forms_and_can_make_none(cast: Cast) -> None:
    browser = signed_in(cast.owner, Role.ADMIN)
    page = text_of(browser)
    assert f"{PAGE}/{cast.owner.user.pk}/" not in page
    assert 'value="owner"' not in page
    mine = User.objects.get(email="admin@example.net").pk
    for path, data in (
        (f"{PAGE}/{cast.owner.user.pk}/role", {"role": "read-only"}),
        (f"{PAGE}/{cast.owner.user.pk}/remove", {}),
        (f"{PAGE}/{mine}/role", {"role": "owner"}),
    ):
        reply = browser.post(path, data)
        assert reply.status_code == 403
        assert "Only owners can make, change and remove owners." in reply.content.decode()
    reply = browser.post(f"{PAGE}/invite", {"email": NEW, "role": "owner"})
    assert reply.status_code == 400
    assert not Invitation.objects.exists()
    assert role_here(cast, "owner@example.net") == Role.OWNER


def test_a_role_is_changed_from_the_next_request_on(cast: Cast) -> None:
    theirs = signed_in(cast.owner, Role.ADMIN)
    admin = User.objects.get(email="admin@example.net")
    owner = signed_in(cast.owner)
    assert theirs.get(PAGE).status_code == 200
    owner.post(f"{PAGE}/{admin.pk}/role", {"role": "read-only"})
    assert "The role is changed." in text_of(owner)
    assert theirs.get(PAGE).status_code == 403
    owner.post(f"{PAGE}/{admin.pk}/remove")
    assert theirs.get("/settings/auth")["Location"].startswith("/sign-in")
    add_member(account=cast.owner.account, user=admin, role=Role.ADMIN)
    assert theirs.get("/settings/auth")["Location"].startswith("/sign-in")


def test_the_last_owner_can_not_be_lowered_removed_or_leave(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    me = cast.owner.user.pk
    for path, data in (
        (f"{PAGE}/{me}/role", {"role": "admin"}),
        (f"{PAGE}/{me}/remove", {}),
        ("/settings/leave", {}),
    ):
        reply = browser.post(path, data)
        assert reply.status_code == 409
        assert "An account needs an owner." in reply.content.decode()
    assert role_here(cast, "owner@example.net") == Role.OWNER


@pytest.mark.parametrize("role", ["", "superuser", "OWNER", "owner "])
def test_there_are_no_other_roles(cast: Cast, role: str) -> None:
    browser = signed_in(cast.owner)
    user = make_member(cast.owner, Role.SETTINGS)
    assert browser.post(f"{PAGE}/{user.pk}/role", {"role": role}).status_code == 400
    assert browser.post(f"{PAGE}/invite", {"email": NEW, "role": role}).status_code == 400
    assert role_here(cast, user.email) == Role.SETTINGS


def test_people_and_invitations_of_another_account_are_not_there(cast: Cast) -> None:
    theirs = signed_in(cast.stranger)
    invite(theirs)
    invitation = Invitation.objects.get().pk
    mine = signed_in(cast.owner)
    for path in (
        f"{PAGE}/{cast.stranger.user.pk}/role",
        f"{PAGE}/{cast.stranger.user.pk}/remove",
        f"{PAGE}/invitations/{invitation}/send",
        f"{PAGE}/invitations/{invitation}/revoke",
        f"{PAGE}/invitations/999999/revoke",
        f"{PAGE}/{'9' * 25}/role",
        f"{PAGE}/{'9' * 25}/remove",
        f"{PAGE}/invitations/{'9' * 25}/send",
    ):
        reply = mine.post(path, {"role": "read-only"})
        assert (reply.status_code, "There is nothing here." in reply.content.decode()) == (
            404,
            True,
        )
    assert NEW not in text_of(mine)
    assert Invitation.objects.filter(pk=invitation).exists()


def test_who_gives_rights_proves_that_it_is_them(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    user = make_member(cast.owner, Role.SETTINGS)
    with minutes_later(11):
        for path, data in (
            (f"{PAGE}/invite", {"email": NEW, "role": "admin"}),
            (f"{PAGE}/{user.pk}/role", {"role": "admin"}),
            (f"{PAGE}/{user.pk}/remove", {}),
            ("/settings/leave", {}),
        ):
            reply = browser.post(path, data)
            assert (reply.status_code, "Is it still you?" in reply.content.decode()) == (403, True)
    assert role_here(cast, user.email) == Role.SETTINGS
    assert not Invitation.objects.exists()


def test_hostile_names_stay_text(cast: Cast) -> None:
    evil = '"><script>alert(1)</script>'
    User.objects.filter(pk=cast.owner.user.pk).update(name=evil)
    browser = signed_in(cast.owner)
    path = invite(browser)
    for page in (text_of(browser), text_of(at(cast.owner), path)):
        assert "<script>alert" not in page
        assert escape(evil) in page
    assert "<script>alert" not in Mail.objects.get().html


# --- invitations


def test_an_invitation_goes_by_mail_to_the_address_of_the_settings(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    invite(browser)
    link = re.search(r"http://\S+", Mail.objects.get().text)
    assert link
    assert link[0].startswith("http://owner.example.com:8000/join/")
    page = text_of(browser)
    assert "The invitation is on its way." in page
    assert NEW in page


def test_mails_to_an_address_are_limited(cast: Cast, limited: Any) -> None:
    browser = signed_in(cast.owner)
    limited(2)
    sent = [
        browser.post(f"{PAGE}/invite", {"email": f"n{n}@example.net", "role": "read-only"})
        for n in range(3)
    ]
    assert [reply.status_code for reply in sent] == [302, 302, 429]


def test_nobody_is_drowned_in_invitations(cast: Cast, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"mail": (2, 86_400)})
    answers = []
    for tenant in (cast.owner, cast.stranger):
        browser = signed_in(tenant)
        form = {"email": NEW, "role": "read-only"}
        answers.append(browser.post(f"{PAGE}/invite", form).status_code)
        waiting = Invitation.objects.filter(account=tenant.account, email=NEW).first()
        path = f"{PAGE}/invitations/{waiting.pk if waiting else 0}/send"
        answers += [browser.post(path).status_code for _ in range(2)]
    assert answers == [302, 302, 429, 429, 404, 404]
    assert Mail.objects.filter(to=NEW).count() == 2


def test_nobody_writes_their_own_words_into_our_mail(cast: Cast) -> None:
    User.objects.filter(pk=cast.owner.user.pk).update(name="You won!\n\nhttp://evil.example/ ")
    invite(signed_in(cast.owner))
    mail = Mail.objects.get()
    for part in (mail.subject, mail.text, mail.html):
        assert "owner@example.net invites you" in part
        assert "You won" not in part


def test_somebody_new_joins_with_a_password_and_is_in(cast: Cast) -> None:
    path = invite(signed_in(cast.owner), role=Role.SETTINGS)
    browser = at(cast.owner)
    page = text_of(browser, path)
    assert "owner@example.net invites you" in page
    assert "Settings" in page
    assert join(browser, path)["Location"] == "/settings/auth"
    assert "new@example.net" in text_of(browser, "/settings/auth")
    assert role_here(cast, NEW) == Role.SETTINGS
    again = at(cast.owner)
    assert again.sign_in(NEW, NEW_PASSWORD).status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short", "again": "short"},
        {"again": "another password"},
        {"password": "new@example.net", "again": "new@example.net"},
        {"password": "", "again": ""},
    ],
)
def test_the_password_is_held_against_djangos_validators(cast: Cast, wrong: dict[str, str]) -> None:
    path = invite(signed_in(cast.owner))
    reply = join(at(cast.owner), path, **wrong)
    assert reply.status_code == 400
    assert 'class="error"' in reply.content.decode()
    assert not User.objects.filter(email=NEW).exists()


def test_somebody_known_signs_in_and_joins_by_a_click(cast: Cast) -> None:
    email = cast.stranger.user.email
    path = invite(signed_in(cast.owner), email, Role.ADMIN)
    browser = at(cast.owner)
    page = text_of(browser, path)
    assert "Sign in" in page
    assert 'name="password"' not in page
    join(browser, path)
    assert role_here(cast, email) is None
    assert cast.stranger.user.check_password(PASSWORD)
    assert browser.sign_in(email, next=path)["Location"] == path
    assert browser.get("/settings/auth").status_code == 302
    assert "stranger@example.net" in text_of(browser, path)
    assert browser.post(path)["Location"] == "/settings/auth"
    assert browser.get(PAGE).status_code == 200
    assert role_here(cast, email) == Role.ADMIN


def test_who_is_not_invited_can_not_sign_in_here(cast: Cast) -> None:
    invite(signed_in(cast.owner), "somebody@example.net")
    assert at(cast.owner).sign_in(cast.stranger.user.email).status_code == 400
    third = make_tenant("third")
    invite(signed_in(third), cast.stranger.user.email)
    assert at(cast.owner).sign_in(cast.stranger.user.email).status_code == 400


def test_whatever_is_wrong_with_a_link_the_page_is_the_same(cast: Cast) -> None:
    owner = signed_in(cast.owner)
    used = invite(owner, "used@example.net")
    join(at(cast.owner), used)
    revoked = invite(owner, "revoked@example.net")
    row = Invitation.objects.get()
    owner.post(f"{PAGE}/invitations/{row.pk}/revoke")
    renewed = invite(owner, "renewed@example.net")
    row = Invitation.objects.get()
    owner.post(f"{PAGE}/invitations/{row.pk}/send")
    foreign = invite(signed_in(cast.stranger), "foreign@example.net")
    pages = set()
    for path in (used, revoked, renewed, foreign, "/join/nothing"):
        reply = at(cast.owner).get(path)
        assert reply.status_code == 404
        pages.add(reply.content)
        assert join(at(cast.owner), path).status_code == 404
    assert len(pages) == 1
    assert at(cast.owner).get(link_to("renewed@example.net")).status_code == 200


def test_a_link_tells_nothing_to_who_is_signed_in_with_another_address(cast: Cast) -> None:
    owner = signed_in(cast.owner)
    path = invite(owner, role=Role.ADMIN)
    theirs = signed_in(cast.owner, Role.READ_ONLY)
    for browser in (owner, theirs):
        reply = browser.get(path)
        assert reply.status_code == 404
        assert NEW not in reply.content.decode()
        assert join(browser, path).status_code == 404
    assert role_here(cast, "read-only@example.net") == Role.READ_ONLY


def test_who_lost_their_role_has_invited_nobody(cast: Cast) -> None:
    admin = signed_in(cast.owner, Role.ADMIN)
    path = invite(admin, role=Role.ADMIN)
    owner = signed_in(cast.owner)
    owner.post(f"{PAGE}/{User.objects.get(email='admin@example.net').pk}/remove")
    assert join(at(cast.owner), path).status_code == 404
    assert not User.objects.filter(email=NEW).exists()
    assert "no longer valid" in text_of(owner)


def test_the_token_is_in_no_log(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    path = invite(signed_in(cast.owner))
    browser = at(cast.owner)
    browser.get(path)
    browser.post(path, token=False)
    join(browser, path)
    token = path.rpartition("/")[2]
    assert "answered" in caplog.text
    for record in caplog.records:
        assert token not in str(vars(record))
    assert token not in str(list(AuditEvent.objects.values()))


# --- leaving


def test_who_leaves_is_out_here_and_nowhere_else(cast: Cast) -> None:
    user = make_member(cast.owner, Role.ADMIN)
    Membership.objects.create(account=cast.stranger.account, user=user, role=Role.ADMIN)
    here, there = at(cast.owner), at(cast.stranger)
    for browser in (here, there):
        browser.sign_in(user.email)
    assert "leave" in text_of(here, "/settings/leave").lower()
    reply = here.post("/settings/leave")
    assert (reply.status_code, "You have left" in reply.content.decode()) == (200, True)
    assert here.get("/settings/auth").status_code == 302
    assert here.sign_in(user.email).status_code == 400
    assert there.get("/settings/auth").status_code == 200
