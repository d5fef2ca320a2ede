"""Recovery codes: shown until they are kept, and good once."""

import json

import pytest
from allauth.mfa.models import Authenticator

from sites.models import AuditEvent
from tests.dashboard.browser import Browser, at, minutes_later, signed_in
from tests.dashboard.codes import CODES, give_code, recovery_codes, set_up_app
from tests.make import Cast


@pytest.fixture
def browser(cast: Cast) -> Browser:
    """The owner, who has just set up an app."""
    browser = signed_in(cast.owner)
    set_up_app(browser)
    return browser


def with_code(cast: Cast, code: str) -> int:
    """How signing in with the password and this code ends."""
    there = at(cast.owner)
    there.sign_in("owner@example.net")
    return int(give_code(there, code).status_code)


def test_ten_are_shown_until_they_are_kept(browser: Browser) -> None:
    codes = recovery_codes(browser)
    assert len(set(codes)) == 10
    assert recovery_codes(browser) == codes
    browser.post(f"{CODES}/kept")
    assert recovery_codes(browser) == []
    assert "You have 10 recovery codes left." in browser.get(CODES).content.decode()
    assert browser.get(f"{CODES}/download").status_code == 404


def test_they_are_downloaded_while_they_are_shown(browser: Browser) -> None:
    reply = browser.get(f"{CODES}/download")
    assert reply.content.decode().split("\n")[:-1] == recovery_codes(browser)
    assert reply["Content-Disposition"] == 'attachment; filename="recovery-codes-owner.txt"'
    assert reply["Cache-Control"] == "no-store"


def test_they_are_shown_for_ten_minutes_and_to_this_session_alone(
    cast: Cast, browser: Browser
) -> None:
    code = recovery_codes(browser)[0]
    other = at(cast.owner)
    other.sign_in("owner@example.net")
    give_code(other, code)
    assert recovery_codes(other) == []
    assert other.get(f"{CODES}/download").status_code == 404
    with minutes_later(9):
        assert recovery_codes(browser)
    with minutes_later(11):
        browser.post("/prove", {"proof-password": "correct horse"})
        assert recovery_codes(browser) == []


def test_each_lets_in_once(cast: Cast, browser: Browser) -> None:
    first, second, *_ = recovery_codes(browser)
    assert with_code(cast, first) == 302
    assert with_code(cast, first) == 400
    assert with_code(cast, second.replace(" ", "-")) == 302
    assert with_code(cast, "0000000000") == 400
    assert "8 codes are left." in browser.get("/settings/auth").content.decode()
    assert AuditEvent.objects.filter(action="mfa.recovery-codes.used").count() == 2
    assert "used up a recovery code" in browser.get("/settings/audit").content.decode()


def test_new_ones_end_the_old(cast: Cast, browser: Browser) -> None:
    old = recovery_codes(browser)
    browser.post(CODES)
    new = recovery_codes(browser)
    assert len(new) == 10
    assert not set(old) & set(new)
    assert with_code(cast, old[0]) == 400
    assert with_code(cast, new[0]) == 302


def test_somebody_elses_are_worth_nothing(cast: Cast, browser: Browser) -> None:
    stranger = signed_in(cast.stranger)
    set_up_app(stranger)
    assert with_code(cast, recovery_codes(stranger)[0]) == 400


def test_without_a_factor_there_are_none(cast: Cast) -> None:
    stranger = signed_in(cast.stranger)
    assert stranger.post(CODES).status_code == 404
    assert "Set one up first." in stranger.get(CODES).content.decode()


def test_the_table_does_not_show_them(browser: Browser) -> None:
    data = json.dumps([row.data for row in Authenticator.objects.all()])
    assert not any(code.replace(" ", "") in data for code in recovery_codes(browser))
