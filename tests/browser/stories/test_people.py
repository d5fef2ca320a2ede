"""Invited by mail, joined by its link; and a password that is forgotten."""

import pytest

from tests.browser.stories.conftest import Meet
from tests.browser.stories.mailbox import Mailbox
from tests.browser.stories.person import PASSWORD, Person


@pytest.mark.parametrize("scripts", [True, False])
def test_who_is_invited_joins(owner: Person, meet: Meet, mailbox: Mailbox, scripts: bool) -> None:
    owner.sign_in()
    page = owner.open("/settings/users")
    owner.fold_out("Invite somebody")
    page.locator("main form[action^='/settings/users/invite'] [value=settings]").check()
    guest = meet(owner.code, f"guest-of-{owner.email}", java_script_enabled=scripts)
    owner.fill("/settings/users/invite", email=guest.email)
    assert guest.email in owner.said_on_page()

    guest.page.goto(mailbox.link(guest.email, "/join/"))
    guest.fill("/join/", name="Guest", password=PASSWORD, again=PASSWORD)
    assert guest.is_in()
    assert guest.email in guest.page.locator("header").inner_text()
    assert "Yours is ‘Settings’." in guest.open("/settings/users").locator("h1").inner_text()
    people = owner.open("/settings/users").locator(".people .card")
    assert guest.email in people.filter(has_text="Guest").first.inner_text()


def test_a_new_password_by_mail_ends_every_session(
    owner: Person, meet: Meet, mailbox: Mailbox
) -> None:
    owner.sign_in()
    assert owner.is_in()
    elsewhere = meet(owner.code, owner.email)
    elsewhere.open("/sign-in").get_by_role("link", name="Forgot your password?").click()
    elsewhere.fill("/forgot", email=owner.email)
    link = mailbox.link(owner.email, "/reset/")
    elsewhere.page.goto(link)
    new = "another horse entirely"
    elsewhere.fill("/reset/", password=new, again=new)
    assert not owner.is_in()
    elsewhere.sign_in(PASSWORD)
    assert not elsewhere.is_in()
    elsewhere.sign_in(new)
    assert elsewhere.is_in()
    elsewhere.page.goto(link)
    assert "This link does not work any more." in elsewhere.said_on_page()
