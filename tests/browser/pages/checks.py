"""What has to hold on every page."""

from typing import Any

from playwright.sync_api import Page

from tests.nodejs import packages

COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that may find something else by night than by day."""

NARROW = [*COLOURS, "target-size", "scrollable-region-focusable"]
"""Those that may find something else on a phone than on a desk."""

TOUCHED = (
    "button, summary, select, input:not([type=hidden], [type=checkbox], [type=radio]), a.button"
)
SMALL = f"""() => [...document.querySelectorAll('{TOUCHED}')]
    .map(it => [it.outerHTML.slice(0, 80), it.checkVisibility() && it.getBoundingClientRect()])
    .filter(([, box]) => box && (box.height < 32 || box.width < 32))
    .map(([html]) => html)"""
WIDE = """() => [...document.querySelectorAll('body *')]
    .filter(it => it.checkVisibility() && it.getBoundingClientRect().right > innerWidth + 1)
    .map(it => it.outerHTML.slice(0, 120))"""
ALONE = """() => [...document.querySelectorAll('form')]
    .filter(it => !it.querySelector('button:not([type=button]), input[type=submit]'))
    .map(it => it.outerHTML.slice(0, 120))"""
ONLY_HTMX = """() => [...document.querySelectorAll('[hx-post], [hx-put], [hx-patch], [hx-delete]')]
    .filter(it => !it.closest('form[action][method=post]'))
    .map(it => it.outerHTML.slice(0, 120))"""
PLANTED = """() => [...document.querySelectorAll('script:not([src]), img, [onerror], [onmouseover], [onfocus]')]
    .filter(it => !(it.src || '').startsWith(location.origin + '/static/') && it.type != 'application/json')
    .filter(it => !(it.src || '').startsWith('data:image/'))
    .map(it => it.outerHTML.slice(0, 120))"""


def accessible(page: Page, *, only: list[str] | None = None) -> None:
    """axe-core finds nothing; `only` these rules are asked when they are named."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((packages() / "axe-core" / "axe.min.js").read_text())
    # What passes is only counted: naming each of its elements would take most of the time.
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    options |= {"runOnly": only} if only else {"rules": {"target-size": {"enabled": True}}}
    found = page.evaluate("options => axe.run(options)", options)
    problems = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
    assert problems == [], page.url


def fits(page: Page) -> None:
    """Nobody has to scroll sideways."""
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        raise AssertionError(f"{page.url} is too wide: {page.evaluate(WIDE)}")


def can_be_touched(page: Page) -> None:
    """Buttons and fields are as large as a finger needs them."""
    assert page.evaluate(SMALL) == [], page.url


def works_by_itself(page: Page) -> None:
    """Each form has a button, and nothing that changes anything needs a script."""
    assert page.evaluate(ALONE) == [], page.url
    assert page.evaluate(ONLY_HTMX) == [], page.url


def harmless(page: Page) -> None:
    """No name has become markup, a script, or the result of a template."""
    assert page.evaluate("window.harmed") is None, page.url
    assert page.evaluate(PLANTED) == [], page.url
    assert "49${7*7}" not in page.content(), page.url
