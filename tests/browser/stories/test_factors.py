"""Second factors: an app's codes and the recovery codes, with scripts or without; and passkeys."""

import pytest

from tests.browser.stories.conftest import Meet
from tests.browser.stories.person import Person
from tests.dashboard.codes import shown_by_app


def set_up_an_app(person: Person) -> tuple[str, list[str]]:
    """The app's secret, and the recovery codes that come with it."""
    page = person.open("/settings/auth/totp")
    person.fold_out("The picture can not be scanned?")
    secret = page.locator("pre.secret").inner_text().replace(" ", "")
    person.fill("/settings/auth/totp", code=shown_by_app(secret))
    codes = page.locator(".codes code").all_inner_texts()
    person.fill("/settings/auth/recovery-codes/kept")
    return secret, codes


@pytest.mark.parametrize("scripts", [True, False])
def test_a_code_of_an_app_is_the_second_factor(owner: Person, scripts: bool) -> None:
    owner.sign_in()
    secret, _ = set_up_an_app(owner)
    owner.sign_out()
    page = owner.sign_in()
    assert page.url.endswith("/sign-in/factor")
    assert not owner.is_in()
    owner.sign_in()
    owner.fill("/sign-in/factor", code="000000")
    assert page.locator(".refusal, .error").count() == 1
    owner.fill("/sign-in/factor", code=shown_by_app(secret, steps=1))
    assert owner.is_in()


def test_a_recovery_code_works_once(owner: Person) -> None:
    owner.sign_in()
    _, codes = set_up_an_app(owner)
    assert len(set(codes)) == 10
    owner.sign_out()
    owner.sign_in()
    owner.fill("/sign-in/factor", code=codes[0])
    assert owner.is_in()
    owner.sign_out()
    owner.sign_in()
    owner.fill("/sign-in/factor", code=codes[0])
    assert owner.page.url.endswith("/sign-in/factor")
    owner.fill("/sign-in/factor", code=codes[1])
    assert owner.is_in()
    assert "8 codes are left." in owner.said_on_page()


def give_an_authenticator(person: Person) -> None:
    """A home for passkeys, as a phone has it; whoever asks it is told yes."""
    chrome = person.context.new_cdp_session(person.page)
    chrome.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    chrome.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_opens_the_site_by_itself(owner: Person, meet: Meet) -> None:
    give_an_authenticator(owner)
    owner.sign_in()
    owner.open("/settings/auth").get_by_role("link", name="Make a passkey").click()
    owner.fill("/settings/auth/passkeys", name="Phone")
    owner.fill("/settings/auth/recovery-codes/kept")
    assert "Phone" in owner.said_on_page()
    owner.sign_out()
    owner.open("/sign-in")
    owner.fill("/sign-in/passkey")
    assert owner.is_in()

    # It is the second factor, too: for who has none of it, the password alone opens nothing.
    thief = meet(owner.code, owner.email)
    thief.sign_in()
    assert thief.page.url.endswith("/sign-in/factor")
    assert not thief.is_in()
    owner.sign_out()
    owner.sign_in()
    owner.page.get_by_role("button", name="Use a passkey").click()
    owner.page.wait_for_url("**/settings/auth")
    assert owner.is_in()
