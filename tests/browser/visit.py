"""Opens test pages that embed the script, and hears what they say."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from playwright.sync_api import ConsoleMessage, Dialog, Error, Page, Request

from tests.browser.web import Document, Pages

Values = Mapping[str, Any]


class Visit:
    """One person with one tab. `asked`, `said` and `alerts` are of all pages seen in it, in order."""

    def __init__(self, tab: Page, pages: Pages, *, script: str, endpoint: str) -> None:
        self.tab = tab
        self.pages = pages
        self.script = script
        self.endpoint = endpoint
        self.said: list[str] = []
        self.alerts: list[str] = []
        self._requests: list[str] = []
        tab.on("request", self._note_request)
        tab.on("console", self._note_console)
        tab.on("pageerror", self._note_error)
        tab.on("dialog", self._note_dialog)

    def end(self) -> None:
        """Leave the tab to the next one."""
        self.tab.goto("about:blank")
        self.tab.remove_listener("request", self._note_request)
        self.tab.remove_listener("console", self._note_console)
        self.tab.remove_listener("pageerror", self._note_error)
        self.tab.remove_listener("dialog", self._note_dialog)

    def open(
        self,
        at: str = "/page",
        *,
        host: str = "page.test",
        referer: str | None = None,
        **document: Any,
    ) -> Page:
        """Put a page (see `document`) at `at` and look at it until it is loaded."""
        self.put(at, **document)
        self.tab.goto(self.pages.url(at, host), referer=referer)
        return self.tab

    def put(self, at: str, *, headers: Mapping[str, str] | None = None, **document: Any) -> None:
        """Put a page where it can be opened."""
        self.pages.documents[at.partition("?")[0].partition("#")[0]] = Document(
            self.document(**document), headers or {}
        )

    def document(
        self,
        *,
        first: str = "",
        head: str = "",
        body: str = "",
        window: str = "",
        tag: str | None = None,
        **attributes: Any,
    ) -> str:
        """HTML that embeds the script.

        `first` is JavaScript that runs before all else, `window` what is assigned to
        window.goatcounter; `tag` is the HTML that embeds the script, else made from `attributes`.
        """
        before = f"<script>{first}</script>" if first else ""
        after = f"<script>window.goatcounter = {window}</script>" if window else ""
        script = self.tag(**attributes) if tag is None else tag
        return (
            "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>A page</title>"
            f"{before}{head}{after}</head><body>{body}{script}</body></html>"
        )

    def tag(
        self,
        *,
        settings: Values | str | None = None,
        endpoint: str | None = None,
        load: str = "async",
    ) -> str:
        """The script's tag: `settings` as values or raw, `endpoint` other than the visit's, '' for none."""
        to = self.endpoint if endpoint is None else endpoint
        attributes = f' data-goatcounter="{escape(to)}"' if to else ""
        if settings is not None:
            text = settings if isinstance(settings, str) else json.dumps(settings)
            attributes += f' data-goatcounter-settings="{escape(text)}"'
        return f'<script{attributes} {load} src="{self.script}"></script>'

    def asked(self, page: Page) -> list[str]:
        """URLs of views, events and counters asked for until now, whether or not they have arrived."""
        page.evaluate("0")  # what the browser tells us arrives in order
        starts = f"{self.endpoint}?", f"{self.endpoint}er/"
        return [url for url in self._requests if url.startswith(starts)]

    def _note_request(self, request: Request) -> None:
        self._requests.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        self.said.append(f"{message.type}: {message.text}")

    def _note_error(self, error: Error) -> None:
        self.said.append(f"uncaught: {error.message}")

    def _note_dialog(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.dismiss()
