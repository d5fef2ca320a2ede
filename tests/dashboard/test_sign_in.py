"""In and out: who gets in, what a stranger learns, and what a session is worth elsewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.utils import timezone

from sites.models import Membership, Role, Session, User
from tests.dashboard.browser import PASSWORD, Browser, at, signed_in
from tests.make import Cast

REFUSAL = "This e-mail and password do not open this site."


def test_a_member_gets_in_and_out(cast: Cast) -> None:
    browser = at(cast.owner)
    reply = browser.sign_in("OWNER@example.net ")
    assert (reply.status_code, reply["Location"]) == (302, "/settings/auth")
    assert browser.get("/settings/auth").status_code == 200
    assert browser.get("/sign-in")["Location"] == "/settings/auth"
    assert browser.post("/sign-out")["Location"] == "/sign-in"
    assert browser.get("/settings/auth")["Location"] == "/sign-in?next=%2Fsettings%2Fauth"
    assert not Session.objects.exists()


def test_signing_out_needs_a_post(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    assert browser.get("/sign-out").status_code == 405
    assert browser.get("/settings/auth").status_code == 200


def refused(cast: Cast) -> list[tuple[str, str]]:
    """E-mails and passwords that open nothing here, each for another reason."""
    User.objects.create_user("no-password@example.net")
    member = User.objects.create_user("member@example.net")
    Membership.objects.create(account=cast.owner.account, user=member, role=Role.ADMIN)
    return [
        ("nobody@example.net", PASSWORD),
        ("no e-mail at all", PASSWORD),
        (cast.owner.user.email, "wrong"),
        (member.email, "wrong"),
        ("no-password@example.net", ""),
        (cast.stranger.user.email, PASSWORD),
        (cast.stranger.user.email, "wrong"),
    ]


def test_every_refusal_is_the_same_sentence_after_the_same_work(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        work.append(salt)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    pages, costs = set(), set()
    browser = at(cast.owner)
    for email, password in refused(cast):
        work.clear()
        reply = browser.sign_in(email, password or "x")
        assert reply.status_code == 400
        text = reply.content.decode().replace(email, "")
        pages.add(_without_token(text))
        costs.add(len(work))
        assert REFUSAL in text
    assert len(pages) == 1
    assert costs == {1}


def test_tries_are_limited_by_e_mail_and_by_address(
    cast: Cast, limited: Callable[[int], None]
) -> None:
    limited(3)
    host = cast.owner.host
    tries = [
        Browser(host, REMOTE_ADDR=f"192.0.2.{n}").sign_in("OWNER@example.net", "x").status_code
        for n in range(4)
    ]
    assert tries == [400, 400, 400, 429]
    right = Browser(host, REMOTE_ADDR="192.0.2.99").sign_in("owner@example.net")
    assert right.status_code == 429
    assert "Too many tries" in right.content.decode()
    one = Browser(host, REMOTE_ADDR="192.0.2.100")
    tries = [one.sign_in(f"a{n}@example.net", "x").status_code for n in range(4)]
    assert tries == [400, 400, 400, 429]
    elsewhere = Browser(cast.stranger.host, REMOTE_ADDR="192.0.2.100")
    assert elsewhere.sign_in("b@example.net", "x").status_code == 429


def test_who_has_a_network_of_six_has_no_more_tries(
    cast: Cast, limited: Callable[[int], None]
) -> None:
    limited(3)

    def tries(network: str) -> list[int]:
        addresses = [f"{network}::{n}" for n in range(1, 5)]
        browsers = [Browser(cast.owner.host, REMOTE_ADDR=address) for address in addresses]
        return [b.sign_in(f"{b}@example.net", "x").status_code for b in browsers]

    assert tries("2001:db8:0:1") == [400, 400, 400, 429]
    assert tries("2001:db8:0:2") == [400, 400, 400, 429]


def test_an_address_that_is_over_its_limit_locks_nobody_out(
    cast: Cast, limited: Callable[[int], None]
) -> None:
    limited(3)
    flood = Browser(cast.owner.host, REMOTE_ADDR="192.0.2.1")
    for n in range(3):
        flood.sign_in(f"a{n}@example.net", "x")
    for _ in range(9):
        assert flood.sign_in("owner@example.net", "x").status_code == 429
    assert Browser(cast.owner.host).sign_in("owner@example.net").status_code == 302


def test_a_limit_store_that_is_down_lets_people_in(
    cast: Cast, limited: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(1)

    def down(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr("dashboard.limits.get_usage", down)
    assert [at(cast.owner).sign_in("owner@example.net").status_code for _ in range(2)] == [302, 302]


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http://evil.example/settings/auth",
        "https:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\t//evil.example",
        "evil.example",
        "http://owner.example.com/x",
        "",
    ],
)
def test_nobody_is_sent_to_another_host(cast: Cast, wanted: str) -> None:
    reply = at(cast.owner).sign_in("owner@example.net", next=wanted)
    assert reply["Location"] == "/settings/auth"
    reply = signed_in(cast.owner).http.get(
        "/sign-in", {"next": wanted}, headers={"host": cast.owner.host}
    )
    assert reply["Location"] == "/settings/auth"


def test_a_path_of_this_host_is_gone_to(cast: Cast) -> None:
    assert at(cast.owner).sign_in("owner@example.net", next="/help?x=1")["Location"] == "/help?x=1"


def test_what_is_next_can_not_break_out_of_the_form(cast: Cast) -> None:
    page = at(cast.owner).http.get(
        "/sign-in", {"next": '/"><script>alert(1)</script>'}, headers={"host": cast.owner.host}
    )
    assert "<script>alert" not in page.content.decode()


def test_a_session_that_was_planted_is_worth_nothing_after_sign_in(cast: Cast) -> None:
    browser = at(cast.owner)
    browser.http.cookies["goatapi_session"] = "a" * 32
    browser.sign_in("owner@example.net")
    assert browser.session_key not in ("", "a" * 32)
    before = browser.session_key
    browser.sign_in("owner@example.net")
    assert browser.session_key != before
    thief = at(cast.owner)
    thief.http.cookies["goatapi_session"] = before
    assert thief.get("/settings/auth").status_code == 302


def test_the_table_of_sessions_opens_none(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    row = Session.objects.get()
    assert row.session_key != browser.session_key
    thief = at(cast.owner)
    thief.http.cookies["goatapi_session"] = row.session_key
    assert thief.get("/settings/auth").status_code == 302


def test_a_session_is_none_on_another_host(cast: Cast) -> None:
    theirs = signed_in(cast.stranger)
    here = at(cast.owner)
    here.http.cookies["goatapi_session"] = theirs.session_key
    assert here.get("/settings/auth").status_code == 302
    Membership.objects.create(account=cast.owner.account, user=cast.stranger.user, role=Role.OWNER)
    assert here.get("/settings/auth").status_code == 302
    assert theirs.get("/settings/auth").status_code == 200


def test_a_removed_member_is_out_at_once_and_a_lowered_one_lower(cast: Cast) -> None:
    browser = signed_in(cast.owner, Role.ADMIN)
    mine = Membership.objects.filter(user__email="admin@example.net")
    mine.update(role=Role.READ_ONLY)
    assert browser.post("/settings/auth/keys", {}).status_code == 403
    mine.delete()
    assert browser.get("/settings/auth").status_code == 302


def test_an_old_session_ends(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert browser.get("/settings/auth").status_code == 302


def test_cookies_are_for_this_host_and_no_script(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    assert set(browser.http.cookies) == {"goatapi_session", "goatapi_csrf"}
    for cookie in browser.http.cookies.values():
        assert (cookie["domain"], cookie["path"]) == ("", "/")
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_under_https_they_are_secure_and_of_this_host_alone() -> None:
    line = (
        "from goatapi import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME)"
    )
    env = {**os.environ, "GOATAPI_URL_SCHEME": "https"}
    said = subprocess.run([sys.executable, "-c", line], env=env, capture_output=True, check=True)
    assert said.stdout.split() == [
        b"True",
        b"True",
        b"__Host-goatapi_session",
        b"__Host-goatapi_csrf",
    ]


def _without_token(page: str) -> str:
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"[^"]+"', r"\1", page)
