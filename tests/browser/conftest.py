"""Debian's Chromium, the live service whose script it loads, and pages of another origin.

The browser lives for this package and not for the session: while it runs, Playwright's event loop counts
as running in this thread, and Django refuses its databases there. For the same reason no test here uses
the ORM; sites and keys are made by the live server's commands.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.visit import Visit
from tests.browser.web import Pages, Recorder, running
from tests.live.server import LiveServer, LiveSite

CHROMIUM = "/usr/bin/chromium"
NOWHERE_ELSE = (
    "MAP *.test 127.0.0.1, MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, "
    "EXCLUDE 127.0.0.1, EXCLUDE localhost"
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # As people have it: otherwise navigator.webdriver is set, and every view is a robot's.
    "--disable-blink-features=AutomationControlled",
    f"--host-resolver-rules={NOWHERE_ELSE}",
]
PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/145.0.0.0 Safari/537.36"
)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The real service."""
    server = LiveServer(tmp_path_factory.mktemp("browser"), GOATAPI_SIGNUP="open")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="package")
def site(live: LiveServer) -> LiveSite:
    """The tenant whose script the pages embed."""
    return live.make_site("pages")


@pytest.fixture
def pages() -> Iterator[Pages]:
    """The server of the pages: another origin than the service's."""
    server = Pages()
    with running(server):
        yield server


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Stands in for the service's `/count`; at the end, nothing may have come that was not expected."""
    server = Recorder()
    with running(server):
        yield server
    assert server.rest() == []


@pytest.fixture(scope="package")
def tab(chromium: Browser) -> Iterator[Page]:
    """A person's browser; tests share it, as their pages have origins of their own."""
    made = chromium.new_context(user_agent=PERSON, screen={"width": 1280, "height": 720})
    made.set_default_timeout(10_000)
    yield made.new_page()
    made.close()


@pytest.fixture
def visit(tab: Page, pages: Pages, recorder: Recorder, site: LiveSite) -> Iterator[Visit]:
    """Opens pages that count at the recorder with the script of the live service."""
    made = Visit(tab, pages, script=f"http://{site.host}/count.js", endpoint=recorder.endpoint)
    yield made
    made.end()
    assert [said for said in made.said if said.startswith("uncaught")] == []
