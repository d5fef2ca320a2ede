"""From the first page to the first pageview: with the real script, on a page of another origin."""

import subprocess

from playwright.sync_api import expect

from tests.browser.stories.conftest import Meet
from tests.browser.stories.mailbox import Mailbox
from tests.browser.stories.person import PASSWORD
from tests.browser.web import Document, Pages
from tests.live.server import wait_until


def test_a_site_is_made_and_counts(meet: Meet, mailbox: Mailbox, pages: Pages) -> None:
    person = meet("", "founder@example.com")
    page = person.open("/sign-up")
    page.locator("[name=code]").press_sequentially("tidy-shop")
    expect(page.locator("#code_state")).to_contain_text("tidy-shop.localhost")
    person.fill("/sign-up", email=person.email, password=PASSWORD)
    assert page.locator("h1").inner_text() == "Look in your mail"

    page.goto(mailbox.link(person.email, "/sign-up/confirm"))
    person.fill("/sign-up/confirm")
    assert page.url.partition("/welcome")[0] == f"http://tidy-shop.localhost:{person.server.port}"
    waiting = page.locator(".first-hit")
    expect(waiting).to_contain_text("Waiting for the first pageview")

    tag = page.locator("#script").inner_text()
    pages.documents["/"] = Document(f"<!DOCTYPE html><title>Shop</title><p>Hello</p>{tag}")
    person.context.new_page().goto(pages.url("/", "shop.test"))
    expect(waiting).to_contain_text("The first pageview is here.")


def test_without_scripts_the_line_for_a_terminal_counts(meet: Meet, mailbox: Mailbox) -> None:
    person = meet("", "terminal@example.com", java_script_enabled=False)
    page = person.open("/sign-up")
    person.fill("/sign-up", code="quiet-shop", email=person.email, password=PASSWORD)
    page.goto(mailbox.link(person.email, "/sign-up/confirm"))
    person.fill("/sign-up/confirm")
    person.fill("/welcome")
    line = page.locator("#curl").inner_text()
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert "error" not in said

    def has_come() -> bool:
        page.get_by_role("link", name="Look again").click()
        return "The first pageview is here." in person.said_on_page()

    wait_until(has_come)
