"""The two reference pages as people see them: on a phone and on a desk, by day and by night."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

from tests.live.server import LiveSite
from tests.nodejs import packages

Look = tuple[int, Literal["light", "dark"]]
LOOKS: list[Look] = [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")]
Open = Callable[..., Page]


@pytest.fixture
def look(chromium: Browser, site: LiveSite) -> Iterator[Open]:
    """Opens a path of the site; at the end, nothing was asked of another host or complained about."""
    contexts = []
    said: list[str] = []
    origin = f"http://{site.host}/"

    def note_request(request: Request) -> None:
        if not request.url.startswith((origin, "data:")):
            said.append(f"asked {request.url}")

    def note_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    def note_response(response: Response) -> None:
        if not response.ok:
            said.append(f"{response.status} {response.url}")

    def open_page(path: str, width: int = 1280, scheme: Any = "light") -> Page:
        viewport = {"width": width, "height": 800}
        contexts.append(chromium.new_context(viewport=viewport, color_scheme=scheme))  # type: ignore[arg-type]  # a plain dict is one
        page = contexts[-1].new_page()
        page.on("request", note_request)
        page.on("console", note_console)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("response", note_response)
        page.goto(f"{origin}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def is_as_wide_as_the_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_reference_fits_and_is_accessible(look: Open, width: int, scheme: str) -> None:
    page = look("api.html", width, scheme)
    assert is_as_wide_as_the_window(page)
    page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
    assert is_as_wide_as_the_window(page)
    page.evaluate((packages() / "axe-core" / "axe.min.js").read_text())
    # What passes is only counted: naming each of its elements would take most of the time.
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert len(found["passes"]) > 20
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("anchor", ["count", "schema-Export", "errors"])
def test_a_deep_link_shows_its_heading(look: Open, width: int, anchor: str) -> None:
    heading = look(f"api.html#{anchor}", width).locator(f"[id={anchor}]")
    box = heading.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 100
    assert heading.evaluate("it => /^H[23]$/.test(it.tagName)")


def test_a_heading_and_the_contents_lead_to_it(look: Open) -> None:
    page = look("api.html")
    page.get_by_role("navigation", name="Contents").get_by_role(
        "link", name="Export", exact=True
    ).first.click()
    assert page.url.endswith("#tag-export")
    page.get_by_role("link", name="Link to Count pageviews").click()
    assert page.url.endswith("#count")


def test_the_contents_stay_in_sight_on_a_desk_and_not_on_a_phone(look: Open) -> None:
    for width, stays in ((1280, True), (360, False)):
        box = look("api.html#downloadExport", width).locator(".contents").bounding_box()
        assert box is not None
        assert (box["y"] > -1) is stays


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_swagger_ui_shows_the_operations(look: Open, width: int, scheme: str) -> None:
    page = look("api2.html", width, scheme)
    page.locator("#operations-export-downloadExport .opblock-summary-control").click()
    page.locator("#operations-export-downloadExport .responses-table").wait_for()
    assert page.locator(".opblock").count() > 5
    page.locator(".btn.authorize").first.click()
    page.locator(".modal-ux").wait_for()
    assert page.locator(".modal-ux").get_by_text("bearerAuth").count()
    assert is_as_wide_as_the_window(page)


def test_swagger_ui_asks_the_site_itself(look: Open, site: LiveSite) -> None:
    page = look("api2.html")
    page.locator(".btn.authorize").first.click()
    page.locator(".modal-ux input[type=text]").last.fill(site.key)
    page.locator(".modal-ux button[type=submit]").last.click()
    page.locator(".modal-ux .close-modal").click()
    operation = page.locator("#operations-users-getMe")
    operation.locator(".opblock-summary-control").click()
    operation.locator(".try-out__btn").click()
    with page.expect_response("**/api/v0/me") as answer:
        operation.locator(".execute").click()
    assert answer.value.status == 200
