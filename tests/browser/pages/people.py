"""People with their browsers: everybody signs in once, and has one tab with JavaScript and one without."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request

from tests.browser.pages.names import PASSWORD
from tests.browser.pages.world import World
from tests.dashboard.codes import shown_by_app

NOBODY = "nobody"
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""How the browser comments on a page that is a refusal; it is no flaw of the page."""


class Tab:
    """A page, and whatever is wrong with it that only a listener hears."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.said: list[str] = []
        self._origin = origin
        page.on("request", self._note_request)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))
        page.on("dialog", self._note_dialog)

    def _note_request(self, request: Request) -> None:
        own = request.url.split("/", 3)[:3] == self._origin.split("/", 3)[:3]
        if not own and not request.url.startswith("data:"):
            self.said.append(f"asked {request.url}")

    def _note_console(self, message: ConsoleMessage) -> None:
        about_the_page = (
            message.text.startswith(REFUSED) and message.location["url"] == self.page.url
        )
        if message.type in ("error", "warning") and not about_the_page:
            self.said.append(f"{message.type}: {message.text}")

    def _note_dialog(self, dialog: Dialog) -> None:
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @contextmanager
    def faultless(self, origin: str) -> Iterator[Page]:
        """The page; at the end nothing may have been said, and nobody asked but `origin`."""
        self._origin = origin
        self.said.clear()
        yield self.page
        self.page.evaluate("0")  # what the browser tells us arrives in order
        assert self.said == []


class People:
    """The people of one world. `locale` is the language of their browsers."""

    def __init__(self, chromium: Browser, world: World, *, locale: str = "en-GB") -> None:
        self.world = world
        self._locale = locale
        self._chromium = chromium
        self._states: dict[str, Any] = {}
        self._tabs: dict[tuple[str, bool], Tab] = {}
        self._contexts: list[BrowserContext] = []

    def tab(self, who: str, *, javascript: bool = True) -> Tab:
        """The tab of somebody with this role, signed in; or nobody's."""
        known = self._tabs.get((who, javascript))
        if known is None:
            page = self.context(who, java_script_enabled=javascript).new_page()
            known = self._tabs[who, javascript] = Tab(page, "")
        return known

    def context(self, who: str, **options: Any) -> BrowserContext:
        """A browser of theirs, closed with all the others."""
        if self.world.names.agent:
            options |= {"user_agent": self.world.names.agent}
        made = self._chromium.new_context(
            storage_state=self._state(who), locale=self._locale, **options
        )
        made.set_default_timeout(10_000)
        self._contexts.append(made)
        return made

    def close(self) -> None:
        """Close all browsers."""
        for context in self._contexts:
            context.close()

    def _state(self, who: str) -> Any:
        if who == NOBODY:
            return None
        if who not in self._states:
            self._states[who] = self._sign_in(self.world.emails[who])
        return self._states[who]

    def _sign_in(self, email: str) -> Any:
        context = self.context(NOBODY)
        page = context.new_page()
        page.goto(self.world.url("/sign-in"))
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(lambda url: not url.endswith("/sign-in"))
        if page.url.endswith("/sign-in/factor"):
            page.fill("input[name=code]", shown_by_app(self.world.ids["secret"], steps=1))
            page.locator("input[name=code]").press("Enter")
            page.wait_for_url(lambda url: "/sign-in" not in url)
        return context.storage_state()
