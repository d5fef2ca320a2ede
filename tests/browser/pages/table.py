"""Every page there is, in each state that looks like a page of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.pages.people import NOBODY
from tests.browser.pages.world import World

Step = Callable[[Page, World], None]


def stay(page: Page, world: World) -> None:
    """The page is as it is opened."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What `who` sees at `path` after `step`. `{}` in a path are ids of the world; `shows` are names in it.

    `at` is the route that the address leads to in the end, `bare` the service's own name.
    """

    name: str
    at: str
    path: str
    who: str = "owner"
    step: Step = stay
    bare: bool = False
    shows: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def send(action: str, **fields: str) -> Step:
    """Fill in the form that goes to `action`, by the names of its fields, and press its button."""

    def step(page: Page, world: World) -> None:
        form = page.locator(f"main form[action^='{action}']").first
        for name, value in fields.items():
            form.locator(f"[name='{name}']").fill(value.format(world=world))
        form.locator("button:not([type=button])").first.click()

    return step


def make_key(page: Page, world: World) -> None:
    """A key with the account's sort of name."""
    card = page.locator("details.make")
    if card.get_attribute("open") is None:
        card.locator("summary").click()
    card.locator("[name=permissions]").first.check()
    send("/settings/auth/keys", name=world.names.key)(page, world)
    page.locator("#new-key").wait_for()


def refused_edit(page: Page, world: World) -> None:
    """What a browser lets through and the service does not."""
    for name, value in (("reach", "some"), ("expires", "date"), ("limit", "own")):
        page.locator(f"[name={name}][value={value}]").check()
    send("/settings/auth/keys")(page, world)
    page.locator(".wrong").first.wait_for()


def open_all(page: Page, world: World) -> None:
    """Everything that can be unfolded is."""
    for summary in page.locator("main summary").all():
        if summary.is_visible():
            summary.click()


KEY = "settings/auth/keys/<int:key_id>"

SITUATIONS = [
    Situation("start", "", "/", NOBODY, bare=True),
    Situation("start, refused", "", "/?code=-", NOBODY, bare=True),
    Situation("help", "help", "/help", NOBODY),
    Situation("help, bare", "help", "/help", NOBODY, bare=True),
    Situation("not found", "nothing", "/nothing", NOBODY),
    Situation("sign in", "sign-in", "/sign-in", NOBODY),
    Situation(
        "sign in, refused",
        "sign-in",
        "/sign-in",
        NOBODY,
        send("/sign-in", email="{world.names.person}@example.org", password="wrong"),
    ),
    Situation("prove", "prove", "/prove?next=/settings/auth"),
    Situation(
        "prove, refused", "prove", "/prove", step=send("/prove", **{"proof-password": "wrong"})
    ),
    Situation("confirm", "verify/<str:token>", "/verify/{verify}", NOBODY, shows=("newcomer",)),
    Situation("confirm, too late", "verify/<str:token>", "/verify/old", NOBODY),
    Situation("settings", "settings/auth", "/settings/auth", shows=("key",)),
    Situation("settings, unfolded", "settings/auth", "/settings/auth", step=open_all),
    Situation("settings, read-only", "settings/auth", "/settings/auth", "read-only"),
    Situation(
        "key made", "settings/auth/keys", "/settings/auth", "admin", make_key, shows=("key",)
    ),
    Situation("preferences", "settings/preferences", "/settings/preferences", "read-only"),
    Situation(
        "preferences, saved",
        "settings/preferences",
        "/settings/preferences",
        "settings",
        send("/settings/preferences"),
    ),
    Situation("key, edited", f"{KEY}/edit", "/settings/auth/keys/{key_id}/edit", shows=("key",)),
    Situation(
        "key, edit refused",
        f"{KEY}/edit",
        "/settings/auth/keys/{key_id}/edit",
        step=refused_edit,
    ),
    Situation(
        "key, rotated", f"{KEY}/rotate", "/settings/auth/keys/{key_id}/rotate", shows=("key",)
    ),
    Situation(
        "password, refused",
        "settings/auth/password",
        "/settings/auth",
        step=send("/settings/auth/password", current="wrong", password="short", again="other"),
    ),
]

NO_PAGE_OF_ITS_OWN = {
    "api.html": "in tests/browser/test_reference.py",
    "api2.html": "in tests/browser/test_reference.py",
    "security.txt": "a text for programs",
    ".well-known/security.txt": "a text for programs",
    "first-run": "shows the start page or leads on; in tests/browser/stories",
    "sign-out": "leads to the sign-in page",
    "settings/auth/keys/<int:key_id>/revoke": "leads back to the settings",
}
"""Route of a page → why it has no row here."""
