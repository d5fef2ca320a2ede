"""Somebody at a browser of their own."""

from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser.conftest import PERSON
from tests.live.server import LiveServer

PASSWORD = "correct horse battery"


class Person:
    """One person, one browser (a context), one tab; `code` is the site they are at, "" for none."""

    def __init__(
        self, chromium: Browser, server: LiveServer, code: str, email: str, **options: Any
    ) -> None:
        self.server, self.code, self.email = server, code, email
        self.context = chromium.new_context(user_agent=PERSON, locale="en-GB", **options)
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def url(self, path: str) -> str:
        """Where a path is at their site."""
        host = f"{self.code}.localhost" if self.code else "localhost"
        return f"http://{host}:{self.server.port}{path}"

    def open(self, path: str) -> Page:
        """Go there."""
        self.page.goto(self.url(path))
        return self.page

    def sign_in(self, password: str = PASSWORD) -> Page:
        """By e-mail and password; what comes then is up to the account."""
        self.open("/sign-in")
        self.fill("/sign-in", email=self.email, password=password)
        return self.page

    def sign_out(self) -> None:
        """By the button at the top."""
        with self.page.expect_navigation():
            self.page.locator("header form[action='/sign-out'] button").click()

    def fill(self, action: str, **fields: str) -> None:
        """Fill in the form that goes there, by the names of its fields, and press its button."""
        form = self.page.locator(f"main form[action^='{action}']").first
        for name, value in fields.items():
            form.locator(f"[name='{name}']").fill(value)
        with self.page.expect_navigation():
            form.locator("button:not([type=button])").first.click()

    def fold_out(self, text: str) -> None:
        """Open what is folded under a line that has this in it."""
        summary = self.page.locator("summary").filter(has_text=text).first
        if summary.locator("xpath=..").get_attribute("open") is None:
            summary.click()

    def said_on_page(self) -> str:
        """The text that the page shows."""
        return self.page.locator("main").inner_text()

    def is_in(self) -> bool:
        """Whether the settings open for them."""
        return "/sign-in" not in self.open("/settings/auth").url
