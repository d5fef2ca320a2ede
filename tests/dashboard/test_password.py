"""*Settings → Password*."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard.browser import PASSWORD, Browser, at, signed_in
from tests.make import Cast

NEW = "another horse altogether"


def change(browser: Browser, **fields: str) -> Any:
    """The form, filled in."""
    given = {"current": PASSWORD, "password": NEW, "again": NEW}
    return browser.post("/settings/auth/password", given | fields)


def test_a_change_is_told_once_and_holds(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    assert change(browser)["Location"] == "/settings/auth"
    assert "Your password is changed." in browser.get("/settings/auth").content.decode()
    assert "Your password is changed." not in browser.get("/settings/auth").content.decode()
    assert at(cast.owner).sign_in("owner@example.net").status_code == 400
    assert at(cast.owner).sign_in("owner@example.net", NEW).status_code == 302


def test_it_ends_all_other_sessions(cast: Cast) -> None:
    here, elsewhere = signed_in(cast.owner), signed_in(cast.owner)
    before = here.session_key
    change(here)
    assert here.get("/settings/auth").status_code == 200
    assert here.session_key != before
    assert elsewhere.get("/settings/auth").status_code == 302


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"current": "wrong"}, "This is not your current password."),
        ({"current": ""}, "This field is required."),
        ({"again": "x"}, "The two passwords are not the same."),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "owner@example.net", "again": "owner@example.net"}, "too similar"),
    ],
)
def test_what_breaks_a_rule_changes_nothing(cast: Cast, fields: dict[str, str], text: str) -> None:
    browser = signed_in(cast.owner)
    reply = change(browser, **fields)
    assert reply.status_code == 400
    assert text in reply.content.decode()
    assert NEW not in reply.content.decode()
    assert at(cast.owner).sign_in("owner@example.net").status_code == 302


def test_guessing_the_current_one_is_limited(cast: Cast, limited: Callable[[int], None]) -> None:
    browser = signed_in(cast.owner)
    limited(2)
    tries = [change(browser, current="wrong").status_code for _ in range(3)]
    assert tries == [400, 400, 429]
    assert change(browser).status_code == 429
