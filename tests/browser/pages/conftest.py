"""The two worlds and their people, in the live service of tests.browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.pages.people import People
from tests.browser.pages.world import World, furnished
from tests.live.server import LiveServer


@pytest.fixture(scope="package")
def worlds(live: LiveServer) -> tuple[World, World]:
    """With tidy names, with hostile names."""
    return furnished(live)


@pytest.fixture(scope="package")
def people(chromium: Browser, worlds: tuple[World, World]) -> Iterator[People]:
    """Those whose names are tidy."""
    made = People(chromium, worlds[0])
    yield made
    made.close()


@pytest.fixture(scope="package")
def enemies(chromium: Browser, worlds: tuple[World, World]) -> Iterator[People]:
    """Those who mean harm by their names; their language has long words."""
    made = People(chromium, worlds[1], locale="de-DE")
    yield made
    made.close()
