"""From a page of another origin through the real service into an export."""

import csv
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.visit import Visit
from tests.browser.web import Pages
from tests.live.server import LiveServer, LiveSite

PATH, TITLE, EVENT, REFERRER, SIZE = 0, 1, 2, 8, 10


@pytest.fixture
def site(live: LiveServer, request: pytest.FixtureRequest) -> LiveSite:
    """A site without pageviews."""
    return live.make_site(request.node.name.replace("_", "-")[-40:])


@pytest.fixture
def real(tab: Page, pages: Pages, site: LiveSite) -> Iterator[Visit]:
    """A visit whose pages count at the site itself."""
    script = f"http://{site.host}/count.js"
    visit = Visit(tab, pages, script=script, endpoint=f"http://{site.host}/count")
    yield visit
    visit.end()
    assert visit.said == []


def test_a_view_and_a_click_are_exported(real: Visit, site: LiveSite) -> None:
    button = "<button data-goatcounter-click=buy title=Buy>now</button>"
    page = real.open("/shop?utm_source=mail&x=1", body=button, referer="https://ref.example/a")
    site.paths("/shop?x=1")
    page.click("button")
    site.paths("buy")
    view, event = csv.reader(site.export()[0])
    assert (view[PATH], view[TITLE], view[EVENT]) == ("/shop?x=1", "A page", "0")
    assert (event[PATH], event[TITLE], event[EVENT]) == ("buy", "Buy", "1")
    assert view[REFERRER] == "mail"
    assert view[SIZE] == event[SIZE] == "1280,0,1"


def test_without_beacons_the_image_is_counted(real: Visit, site: LiveSite) -> None:
    real.open("/by-image", first="delete Navigator.prototype.sendBeacon")
    assert site.paths("/by-image") == ["/by-image"]


def test_automated_browsers_are_not_counted(real: Visit, site: LiveSite) -> None:
    robot = real.open("/robot", first="window.__nightmare = {}")
    assert "b=151" in real.asked(robot)[0]
    real.open("/person")
    assert site.paths("/person") == ["/person"]
