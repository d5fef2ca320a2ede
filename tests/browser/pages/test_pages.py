"""Each page of the table in each look, without scripts, and with names that mean harm."""

from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.browser.pages import checks
from tests.browser.pages.people import People
from tests.browser.pages.table import NO_PAGE_OF_ITS_OWN, SITUATIONS, Situation
from tests.dashboard.routes import PAGES

WIDTHS = (1280, 360)
each_page = pytest.mark.parametrize("situation", SITUATIONS, ids=str)


def test_every_page_is_in_the_table() -> None:
    shown = {situation.at for situation in SITUATIONS} - {"nothing"}
    assert shown | NO_PAGE_OF_ITS_OWN.keys() == set(PAGES)
    assert not shown & NO_PAGE_OF_ITS_OWN.keys()


@each_page
def test_a_page_is_for_every_eye_and_hand(people: People, situation: Situation) -> None:
    with people.tab(situation.who).faultless(people.world.url("/", bare=situation.bare)) as page:
        visit(page, people, situation)
        for width in WIDTHS:
            look_at(page, width)
        checks.works_by_itself(page)


@each_page
def test_a_page_needs_no_script(people: People, situation: Situation) -> None:
    tab = people.tab(situation.who, javascript=False)
    with tab.faultless(people.world.url("/", bare=situation.bare)) as page:
        visit(page, people, situation)
        assert page.locator("h1").is_visible()
        # Passkeys are for scripts alone, and what needs them is not shown.
        for button in page.locator("main form:not([data-passkey]) button:not([type=button])").all():
            assert button.is_visible() or button.locator("xpath=ancestor::details").count()


@each_page
def test_a_name_is_a_name(enemies: People, situation: Situation) -> None:
    with enemies.tab(situation.who).faultless(enemies.world.url("/", bare=situation.bare)) as page:
        visit(page, enemies, situation)
        checks.harmless(page)
        text = " ".join((page.text_content("main") or "").split())
        for name in situation.shows:
            assert " ".join(str(getattr(enemies.world.names, name)).split()) in text, name
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            checks.fits(page)


def visit(page: Page, people: People, situation: Situation) -> None:
    """Go where the situation is."""
    page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    page.goto(people.world.url(situation.path, bare=situation.bare))
    situation.step(page, people.world)
    page.wait_for_load_state()
    assert route_of(page) == situation.at


def route_of(page: Page) -> str:
    """The route that its address leads to; "nothing" for none."""
    try:
        return str(resolve(urlsplit(page.url).path).route)
    except Resolver404:
        return "nothing"


def look_at(page: Page, width: int) -> None:
    """By day and by night."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="light")
    checks.fits(page)
    if width < 600:
        checks.can_be_touched(page)
        checks.accessible(page, only=checks.NARROW)
    else:
        checks.accessible(page)
    page.emulate_media(color_scheme="dark")
    checks.accessible(page, only=checks.COLOURS)
