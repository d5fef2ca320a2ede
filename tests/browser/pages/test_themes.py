"""Colours that were chosen win over the system's, and can be read as well."""

import pytest
from playwright.sync_api import Page

from tests.browser.pages import checks
from tests.browser.pages.people import People

PAGE = "/settings/preferences"


@pytest.mark.parametrize(("chosen", "system"), [("dark", "light"), ("light", "dark")])
def test_chosen_colours_win_over_the_systems(people: People, chosen: str, system: str) -> None:
    page = people.context("settings", color_scheme=system).new_page()
    page.goto(people.world.url(PAGE))
    before = paper(page)
    choose(page, chosen)
    try:
        assert paper(page) != before
        checks.accessible(page, only=checks.COLOURS)
    finally:
        choose(page, "")
    assert paper(page) == before


def paper(page: Page) -> str:
    """The colour behind everything."""
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def choose(page: Page, theme: str) -> None:
    """By the form."""
    page.check(f"input[name=theme][value='{theme}']")
    page.click("form.preferences > button")
    page.wait_for_selector(".notice")
