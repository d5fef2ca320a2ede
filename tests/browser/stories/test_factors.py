"""Second factors: an app's codes and the recovery codes; with scripts or without."""

import pytest

from tests.browser.stories.codes import code
from tests.browser.stories.person import Person


def set_up_an_app(person: Person) -> tuple[str, list[str]]:
    """The app's secret, and the recovery codes that come with it."""
    page = person.open("/settings/auth/totp")
    person.fold_out("The picture can not be scanned?")
    secret = page.locator("pre.secret").inner_text().replace(" ", "")
    person.fill("/settings/auth/totp", code=code(secret))
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
    owner.fill("/sign-in/factor", code=code(secret, ahead=1))
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
