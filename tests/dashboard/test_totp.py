"""The authenticator app: setting it up, signing in with it, and what a code is worth the second time."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from allauth.mfa.models import Authenticator

from sites.models import AuditEvent, Role, User
from sites.services import add_member
from tests.client import ApiClient
from tests.dashboard.browser import PASSWORD, Browser, at, minutes_later, signed_in
from tests.dashboard.codes import TOTP, give_code, secret_in, set_up_app, shown_by_app
from tests.make import Cast

FACTOR = "/sign-in/factor"


@pytest.fixture(autouse=True)
def _early_in_a_step() -> Iterator[None]:
    """So that no half minute ends within a test."""
    with time_machine.travel(datetime.fromtimestamp(time.time() // 30 * 30 + 3, UTC)):
        yield


def halfway(cast: Cast) -> Browser:
    """The owner after the password."""
    browser = at(cast.owner)
    assert browser.sign_in("owner@example.net")["Location"] == FACTOR
    return browser


def is_in(browser: Browser) -> bool:
    """Whether the settings are open."""
    return bool(browser.get("/settings/auth").status_code == 200)


def test_an_app_is_set_up_by_a_picture_and_a_code(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    page = browser.get(TOTP).content.decode()
    assert '<svg class="qr" role="img" aria-label="QR code' in page
    assert "data:" not in page
    secret = secret_in(page)
    wrong = browser.post(TOTP, {"code": "000000"})
    assert wrong.status_code == 400
    assert "This is not the code that the app shows now." in wrong.content.decode()
    assert secret_in(wrong.content.decode()) == secret
    right = browser.post(TOTP, {"code": shown_by_app(secret)})
    assert (right.status_code, right["Location"]) == (302, "/settings/auth/recovery-codes")
    assert ApiClient(cast.owner).get("/api/v0/me").json()["user"]["totp_enabled"]
    assert browser.get(TOTP)["Location"] == "/settings/auth#mfa"
    assert AuditEvent.objects.filter(action="mfa.totp.added").count() == 1


def test_neither_table_nor_session_shows_the_secret(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    secret = secret_in(browser.get(TOTP).content.decode())
    assert secret not in json.dumps(dict(browser.http.session))
    set_up_app(browser)
    assert "totp" not in browser.http.session
    for row in Authenticator.objects.all():
        assert secret not in json.dumps(row.data)
        assert row.data.get("secret", row.data.get("seed")).startswith("gAAAA")


def test_until_the_factor_is_shown_nothing_is_open(cast: Cast) -> None:
    secret = set_up_app(signed_in(cast.owner))
    browser = halfway(cast)
    before = browser.session_key
    for path in ("/settings/auth/password", "/settings/auth/keys", TOTP, "/prove"):
        assert browser.get(path)["Location"].startswith("/sign-in?next=")
        assert browser.post(path)["Location"].startswith("/sign-in?next=")
    assert browser.get("/sign-in").status_code == 200
    assert browser.get("/")["Location"] == "/sign-in"
    assert give_code(browser, "000000").status_code == 400
    assert not is_in(browser)
    assert give_code(browser, shown_by_app(secret))["Location"] == "/settings/auth"
    assert is_in(browser)
    assert browser.session_key != before
    thief = at(cast.owner)
    thief.http.cookies["goatapi_session"] = before
    assert not is_in(thief)
    assert thief.get(FACTOR)["Location"] == "/sign-in"


def test_where_somebody_wanted_to_go_is_kept_and_is_on_this_host(cast: Cast) -> None:
    secret = set_up_app(signed_in(cast.owner), steps=-1)
    browser = at(cast.owner)
    browser.sign_in("owner@example.net", next="/help?x=1")
    assert give_code(browser, shown_by_app(secret))["Location"] == "/help?x=1"
    browser = at(cast.owner)
    browser.sign_in("owner@example.net", next="//evil.example")
    assert give_code(browser, shown_by_app(secret, steps=1))["Location"] == "/settings/auth"


def test_a_code_is_good_once(cast: Cast) -> None:
    secret = set_up_app(signed_in(cast.owner), steps=0)
    code = shown_by_app(secret)
    assert give_code(halfway(cast), code).status_code == 400  # it was seen when the app was set up
    following = shown_by_app(secret, steps=1)
    assert give_code(halfway(cast), following).status_code == 302
    assert give_code(halfway(cast), following).status_code == 400
    assert give_code(halfway(cast), code).status_code == 400


def test_clocks_may_be_half_a_minute_apart_and_no_more(cast: Cast) -> None:
    secret = set_up_app(signed_in(cast.owner))
    with minutes_later(60):
        for steps in (-3, -2, 2, 3):
            assert give_code(halfway(cast), shown_by_app(secret, steps=steps)).status_code == 400
        for steps in (-1, 0, 1):
            assert give_code(halfway(cast), shown_by_app(secret, steps=steps)).status_code == 302


def test_who_dawdles_starts_again(cast: Cast) -> None:
    secret = set_up_app(signed_in(cast.owner))
    browser = halfway(cast)
    with minutes_later(11):
        assert give_code(browser, shown_by_app(secret))["Location"] == "/sign-in"


def test_half_a_sign_in_ends_with_a_change_of_the_password(cast: Cast) -> None:
    owner = signed_in(cast.owner)
    secret = set_up_app(owner)
    browser = halfway(cast)
    new = "another horse altogether"
    owner.post("/settings/auth/password", {"current": PASSWORD, "password": new, "again": new})
    assert give_code(browser, shown_by_app(secret))["Location"] == "/sign-in"


def test_half_a_sign_in_is_none_on_another_host(cast: Cast) -> None:
    secret = set_up_app(signed_in(cast.owner))
    add_member(account=cast.stranger.account, user=cast.owner.user, role=Role.ADMIN)
    there = at(cast.stranger)
    there.http.cookies["goatapi_session"] = halfway(cast).session_key
    assert give_code(there, shown_by_app(secret))["Location"] == "/sign-in"
    assert not is_in(there)


def test_somebody_elses_code_opens_nothing(cast: Cast) -> None:
    set_up_app(signed_in(cast.owner))
    theirs = set_up_app(signed_in(cast.stranger))
    assert give_code(halfway(cast), shown_by_app(theirs)).status_code == 400


def test_who_is_refused_at_the_password_learns_nothing_of_factors(cast: Cast) -> None:
    set_up_app(signed_in(cast.owner))
    assert at(cast.owner).sign_in("owner@example.net", "wrong").status_code == 400
    assert at(cast.stranger).sign_in("owner@example.net").status_code == 400


def test_guessing_codes_is_limited_from_all_addresses_together(
    cast: Cast, limited: Callable[[int], None]
) -> None:
    secret = set_up_app(signed_in(cast.owner))
    halves = [halfway(cast) for _ in range(4)]
    limited(3)
    for n, browser in enumerate(halves):
        browser.http.defaults["REMOTE_ADDR"] = f"192.0.2.{n}"
    assert [give_code(browser, "000000").status_code for browser in halves] == [400, 400, 400, 429]
    assert give_code(halves[3], shown_by_app(secret)).status_code == 429


def test_a_code_is_a_fresh_proof_too(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    secret = set_up_app(browser)
    with minutes_later(11):
        asked = browser.get("/settings/auth/recovery-codes")
        assert asked["Location"].startswith("/prove")
        assert "authenticator app" in browser.get(asked["Location"]).content.decode()
        wrong = browser.post("/prove", {"proof-code": "000000"})
        assert wrong.status_code == 400
        code = shown_by_app(secret)
        assert browser.post("/prove", {"proof-code": code}).status_code == 302
        assert browser.get("/settings/auth/recovery-codes").status_code == 200
    with minutes_later(22):
        assert browser.post("/prove", {"proof-code": code}).status_code == 400


def test_it_is_removed_with_its_recovery_codes(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    set_up_app(browser)
    assert "Remove the app" in browser.get("/settings/auth").content.decode()
    browser.post(f"{TOTP}/remove")
    assert "The authenticator app is removed." in browser.get("/settings/auth").content.decode()
    assert not Authenticator.objects.exists()
    assert at(cast.owner).sign_in("owner@example.net")["Location"] == "/settings/auth"


@pytest.mark.parametrize("path", [TOTP, f"{TOTP}/remove", "/settings/auth/recovery-codes"])
def test_each_change_needs_a_fresh_proof(cast: Cast, path: str) -> None:
    browser = signed_in(cast.owner)
    set_up_app(browser)
    with minutes_later(11):
        assert browser.post(path).status_code == 403
        assert browser.get(path)["Location"].startswith("/prove?next=")
    assert Authenticator.objects.count() == 2


def test_an_address_is_confirmed_first(cast: Cast) -> None:
    User.objects.filter(pk=cast.owner.user.pk).update(email_verified=False)
    browser = signed_in(cast.owner)
    assert browser.get(TOTP).status_code == 403
    assert browser.post(TOTP, {"code": "000000"}).status_code == 403
    assert "Send the link again" in browser.get("/settings/auth").content.decode()


def test_with_another_secret_key_no_code_is_taken(
    cast: Cast, settings: pytest.FixtureRequest
) -> None:
    secret = set_up_app(signed_in(cast.owner))
    settings.SECRET_KEY = "of another server"  # type: ignore[attr-defined]  # pytest-django's
    browser = halfway(cast)
    assert give_code(browser, shown_by_app(secret)).status_code == 503
    assert not is_in(browser)
