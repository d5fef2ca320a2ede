"""*Settings → Account*: second factors for everybody, and what one without can still open."""

import pytest

from sites.models import Account, AuditEvent, Role, User
from tests.client import ApiClient
from tests.dashboard.authenticator import make_passkey
from tests.dashboard.browser import Browser, minutes_later, signed_in
from tests.dashboard.codes import TOTP, set_up_app
from tests.make import Cast

PAGE = "/settings/account"


def require(cast: Cast) -> None:
    """The owner, who has an app, demands one of everybody."""
    browser = signed_in(cast.owner)
    set_up_app(browser)
    assert browser.post(PAGE, {"require_factor": "on"})["Location"] == PAGE
    assert "Saved." in browser.get(PAGE).content.decode()


def leads_to_set_up(browser: Browser, path: str) -> bool:
    """Whether the page is closed until a factor is there."""
    return bool(browser.get(path).get("Location") == TOTP)


def test_who_has_no_factor_is_led_to_set_one_up_and_opens_nothing_else(cast: Cast) -> None:
    require(cast)
    browser = signed_in(cast.owner, Role.ADMIN)
    for path in ("/settings/auth", "/settings/auth/keys", "/settings/preferences", "/welcome"):
        assert leads_to_set_up(browser, path), path
        assert browser.post(path).status_code in (302, 405)
    page = browser.get(TOTP).content.decode()
    assert "This account requires a second factor." in page
    assert "Not now" not in page
    set_up_app(browser)
    assert browser.get("/settings/auth/recovery-codes").status_code == 200
    assert browser.get("/settings/auth").status_code == 200


def test_a_passkey_will_do_too(cast: Cast) -> None:
    require(cast)
    browser = signed_in(cast.owner, Role.ADMIN)
    make_passkey(browser)
    assert browser.get("/settings/auth").status_code == 200


def test_one_can_still_sign_out(cast: Cast) -> None:
    require(cast)
    browser = signed_in(cast.owner, Role.ADMIN)
    assert browser.post("/sign-out")["Location"] == "/sign-in"
    assert leads_to_set_up(browser, "/settings/auth") is False


def test_it_holds_at_once_for_sessions_that_are_open(cast: Cast) -> None:
    browser = signed_in(cast.owner, Role.ADMIN)
    assert browser.get("/settings/auth").status_code == 200
    require(cast)
    assert leads_to_set_up(browser, "/settings/auth")


def test_keys_go_on_working(cast: Cast) -> None:
    Account.objects.filter(pk=cast.owner.account.pk).update(require_factor=True)
    assert ApiClient(cast.owner).get("/api/v0/me").status_code == 200


def test_other_accounts_are_not_concerned(cast: Cast) -> None:
    require(cast)
    assert signed_in(cast.stranger).get("/settings/auth").status_code == 200


def test_who_has_not_confirmed_the_address_is_told_so(cast: Cast) -> None:
    require(cast)
    browser = signed_in(cast.owner, Role.ADMIN)
    User.objects.filter(email="admin@example.net").update(email_verified=False)
    assert leads_to_set_up(browser, "/settings/auth")
    page = browser.get(TOTP)
    assert page.status_code == 403
    assert "Send the link again" in page.content.decode()
    assert browser.post("/settings/auth/confirm").status_code == 302


def test_the_last_factor_stays_while_it_is_required(cast: Cast) -> None:
    require(cast)
    browser = signed_in(cast.owner, Role.ADMIN)
    set_up_app(browser)
    assert browser.post(f"{TOTP}/remove").status_code == 409
    make_passkey(browser)
    assert browser.post(f"{TOTP}/remove").status_code == 302


def test_the_page_says_who_has_none(cast: Cast) -> None:
    signed_in(cast.owner, Role.READ_ONLY)
    signed_in(cast.stranger)
    page = signed_in(cast.owner).get(PAGE).content.decode()
    assert "2 members have no second factor:" in page
    assert "read-only@example.net" in page
    assert "stranger@example.net" not in page


def test_it_is_noted_and_lifted(cast: Cast) -> None:
    require(cast)
    with minutes_later(1):
        Account.objects.get(pk=cast.owner.account.pk, require_factor=True)
    event = AuditEvent.objects.get(action="account.setting")
    assert event.details == {"require_factor": "on"}


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.SETTINGS, Role.ADMIN])
def test_it_is_the_owners_affair_alone(cast: Cast, role: Role) -> None:
    browser = signed_in(cast.owner, role)
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, {"require_factor": "on"}).status_code == 403
    assert not Account.objects.filter(require_factor=True).exists()


def test_it_needs_a_fresh_proof(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    with minutes_later(11):
        assert browser.post(PAGE, {"require_factor": "on"}).status_code == 403
    assert not Account.objects.filter(require_factor=True).exists()
