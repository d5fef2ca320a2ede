"""The start page of a server that has just been set up, and what it says when that is done."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import checks
from tests.browser.pages.names import PASSWORD
from tests.browser.pages.test_pages import WIDTHS, look_at
from tests.live.server import LiveServer


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A service without any account."""
    server = LiveServer(tmp_path_factory.mktemp("first-run"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


def test_the_first_account_is_made(chromium: Browser, fresh: LiveServer) -> None:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"http://localhost:{fresh.port}/")
    for width in WIDTHS:
        look_at(page, width)
    checks.works_by_itself(page)

    token = re.search(r"with the token ([\w-]+)", fresh.said())
    assert token
    fields = {"token": token[1], "email": "first@tidy.example", "code": "first"}
    for name, value in (fields | {"password": PASSWORD, "again": PASSWORD}).items():
        page.fill(f"[name={name}]", value)
    page.click("main form button")
    page.wait_for_url("**/first-run")
    for width in WIDTHS:
        look_at(page, width)
    page.locator("main a.button").click()
    page.wait_for_url(f"http://first.localhost:{fresh.port}/sign-in**")
    context.close()
