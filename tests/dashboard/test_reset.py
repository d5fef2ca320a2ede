"""A new password by mail: what it opens, what it ends, and what a stranger learns from it."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection  # noqa: TID251  # to count questions, not to ask any
from django.test.utils import CaptureQueriesContext

from sites.models import AuditEvent, Mail, Role, User
from tests.client import ApiClient
from tests.dashboard.browser import Browser, at, make_member, minutes_later, signed_in
from tests.dashboard.codes import set_up_app
from tests.make import Cast

NEW = "another horse altogether"


def link(email: str) -> str:
    """The path of the link in the last mail to this address; '' without one."""
    mail = Mail.objects.filter(to=email).order_by("-pk").first()
    assert mail, "no mail"
    found = re.search(r"http://owner\.example\.com:8000(/reset/\S+)", mail.text)
    assert bool(found) == ("/reset/" in mail.html)
    return found[1] if found else ""


def ask(cast: Cast, email: str = "owner@example.net") -> str:
    """Have a link sent."""
    assert at(cast.owner).post("/forgot", {"email": email}).status_code == 200
    return link(email)


def reset(browser: Browser, path: str, password: str = NEW) -> Any:
    """The form behind the link."""
    return browser.post(path, {"password": password, "again": password})


def test_the_link_sets_a_new_password_and_signs_nobody_in(cast: Cast) -> None:
    browser = at(cast.owner)
    path = ask(cast)
    assert "owner@example.net" in browser.get(path).content.decode()
    assert "Your password is changed." in reset(browser, path).content.decode()
    assert browser.get("/settings/auth").status_code == 302
    assert browser.sign_in("owner@example.net").status_code == 400
    assert browser.sign_in("owner@example.net", NEW).status_code == 302
    assert AuditEvent.objects.filter(action="password.reset").count() == 1


def test_it_works_once_and_so_do_its_sisters(cast: Cast) -> None:
    first, second = ask(cast), ask(cast)
    assert reset(at(cast.owner), first).status_code == 200
    for path in (first, second):
        assert at(cast.owner).get(path).status_code == 404
        assert reset(at(cast.owner), path, "a third horse entirely").status_code == 404
    assert at(cast.owner).sign_in("owner@example.net", NEW).status_code == 302


def test_other_mails_to_the_same_mailbox_do_not_keep_it_away(cast: Cast, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"mail": (1, 86_400)})
    flood = Browser("example.com")
    flood.get("/find-my-site")
    for _ in range(2):
        assert flood.post("/find-my-site", {"email": "owner@example.net"}).status_code == 200
    assert ask(cast)


def test_it_works_for_two_hours(cast: Cast) -> None:
    path = ask(cast)
    with minutes_later(119):
        assert at(cast.owner).get(path).status_code == 200
    with minutes_later(121):
        assert reset(at(cast.owner), path).status_code == 404


def test_it_ends_every_session_and_no_key(cast: Cast) -> None:
    sessions = [signed_in(cast.owner) for _ in range(2)]
    reset(at(cast.owner), ask(cast))
    assert [browser.get("/settings/auth").status_code for browser in sessions] == [302, 302]
    assert ApiClient(cast.owner).get("/api/v0/me").status_code == 200


def test_the_second_factor_is_asked_for_as_ever(cast: Cast) -> None:
    set_up_app(signed_in(cast.owner))
    browser = at(cast.owner)
    reset(browser, ask(cast))
    assert browser.sign_in("owner@example.net", NEW)["Location"] == "/sign-in/factor"
    assert browser.get("/settings/auth").status_code == 302


def test_who_has_read_the_mail_has_the_address(cast: Cast) -> None:
    User.objects.filter(pk=cast.owner.user.pk).update(email_verified=False)
    reset(at(cast.owner), ask(cast))
    assert User.objects.get(pk=cast.owner.user.pk).email_verified


def test_a_person_without_a_password_gets_one(cast: Cast) -> None:
    member = make_member(cast.owner, Role.ADMIN)
    member.set_unusable_password()
    member.save()
    reset(at(cast.owner), ask(cast, member.email))
    assert at(cast.owner).sign_in(member.email, NEW).status_code == 302


@pytest.mark.parametrize("password", ["short", "owner@example.net", "1234567890123"])
def test_a_bad_password_is_refused_and_the_link_stays_good(cast: Cast, password: str) -> None:
    path = ask(cast)
    assert reset(at(cast.owner), path, password).status_code == 400
    assert reset(at(cast.owner), path).status_code == 200


def test_strangers_and_members_look_alike(cast: Cast) -> None:
    answers, work, mails = set(), set(), []
    for email in ("owner@example.net", "nobody@example.net", "stranger@example.net"):
        browser = at(cast.owner)
        browser.get("/forgot")
        with CaptureQueriesContext(connection) as queries:
            reply = browser.post("/forgot", {"email": email})
        assert reply.status_code == 200
        answers.add(reply.content.decode().replace(email, ""))
        work.add(len(queries))
        mails.append(link(email))
    assert len(answers) == len(work) == 1
    assert mails[0]
    assert mails[1:] == ["", ""]


def test_a_link_is_of_one_account(cast: Cast) -> None:
    path = ask(cast)
    assert reset(at(cast.stranger), path).status_code == 404
    assert Browser("example.com").get(path).status_code == 404
    assert reset(at(cast.owner), path).status_code == 200


def test_a_removed_member_resets_nothing(cast: Cast) -> None:
    member = make_member(cast.owner, Role.ADMIN)
    path = ask(cast, member.email)
    member.memberships.all().delete()
    assert reset(at(cast.owner), path).status_code == 404


@pytest.mark.parametrize(
    "token", ["x", "1", "1.", "1.x-y", "x.y", "99999999999999999999.a-b", "²."]
)
def test_what_is_no_link_of_ours_resets_nothing(cast: Cast, token: str) -> None:
    assert reset(at(cast.owner), f"/reset/{token}").status_code == 404


def test_asking_is_limited_by_address_and_by_e_mail(
    cast: Cast, limited: Callable[[int], None]
) -> None:
    limited(2)
    tries = [
        Browser(cast.owner.host, REMOTE_ADDR=f"192.0.2.{n}").post(
            "/forgot", {"email": "owner@example.net"}
        )
        for n in range(3)
    ]
    assert [reply.status_code for reply in tries] == [200, 200, 429]
    assert Mail.objects.count() == 2


def test_what_is_no_address_is_said_to_be_none(cast: Cast) -> None:
    reply = at(cast.owner).post("/forgot", {"email": "no address"})
    assert reply.status_code == 400
    assert not Mail.objects.exists()
