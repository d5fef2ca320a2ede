"""Every page there is, in each state that looks like a page of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.pages.names import PASSWORD
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
    """Fill in the form that goes to `action`, by the names of its fields, and press its button.

    `{world…}` in a value is replaced; values that come from there may have braces of their own.
    """

    def step(page: Page, world: World) -> None:
        form = page.locator(f"main form[action^='{action}']").first
        for name, value in fields.items():
            form.locator(f"[name='{name}']").fill(
                value.format(world=world) if "{world." in value else value
            )
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


def invite_a_member(page: Page, world: World) -> None:
    """Whom the account has already."""
    page.locator("details.make > summary").click()
    send("/settings/users/invite", email="settings{world.names.address}")(page, world)


def stop_at_the_factor(page: Page, world: World) -> None:
    """Signed in halfway."""
    send("/sign-in", email=world.emails["guarded"], password=PASSWORD)(page, world)
    page.wait_for_url("**/sign-in/factor")


def give_a_wrong_code(page: Page, world: World) -> None:
    """And no further."""
    stop_at_the_factor(page, world)
    send("/sign-in/factor", code="000000")(page, world)


def show_new_codes(page: Page, world: World) -> None:
    """Those of before are looked at no more."""
    if page.locator("form[action$='/kept']").count():
        send("/settings/auth/recovery-codes/kept")(page, world)
        page.goto(world.url("/settings/auth/recovery-codes"))
    send("/settings/auth/recovery-codes")(page, world)
    page.locator(".codes").wait_for()


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
    Situation("second factor", "sign-in/factor", "/sign-in", NOBODY, stop_at_the_factor),
    Situation("second factor, refused", "sign-in/factor", "/sign-in", NOBODY, give_a_wrong_code),
    Situation("forgot", "forgot", "/forgot", NOBODY),
    Situation(
        "forgot, sent",
        "forgot",
        "/forgot",
        NOBODY,
        send("/forgot", email="me{world.names.address}"),
    ),
    Situation("reset", "reset/<str:token>", "/reset/{reset}", NOBODY),
    Situation(
        "reset, refused",
        "reset/<str:token>",
        "/reset/{reset}",
        NOBODY,
        send("/reset/", password="tiny", again="other"),
    ),
    Situation("reset, too late", "reset/<str:token>", "/reset/nothing", NOBODY),
    Situation("sign up", "sign-up", "/sign-up", NOBODY, bare=True),
    Situation(
        "sign up, refused",
        "sign-up",
        "/sign-up",
        NOBODY,
        send("/sign-up", code="tidy", email="me@example.org", password="tiny"),
        bare=True,
    ),
    Situation(
        "look in your mail",
        "sign-up",
        "/sign-up",
        NOBODY,
        send("/sign-up", code="new-one", email="new{world.names.address}", password=PASSWORD),
        bare=True,
    ),
    Situation(
        "confirm a sign-up",
        "sign-up/confirm",
        "/sign-up/confirm?token={wish}",
        NOBODY,
        bare=True,
        shows=("invited",),
    ),
    Situation(
        "confirm a sign-up, too late", "sign-up/confirm", "/sign-up/confirm", NOBODY, bare=True
    ),
    Situation("find my site", "find-my-site", "/find-my-site", NOBODY, bare=True),
    Situation(
        "find my site, sent",
        "find-my-site",
        "/find-my-site",
        NOBODY,
        send("/find-my-site", email="new{world.names.address}"),
        bare=True,
    ),
    Situation("join", "join/<str:invitation>", "/join/{join}", NOBODY, shows=("invited", "person")),
    Situation(
        "join, refused",
        "join/<str:invitation>",
        "/join/{join}",
        NOBODY,
        send("/join/", name="{world.names.person}", password="tiny", again="other"),
    ),
    Situation("join, not theirs", "join/<str:invitation>", "/join/{join}", "read-only"),
    Situation("join, too late", "join/<str:invitation>", "/join/nothing", NOBODY),
    Situation("welcome", "welcome", "/welcome"),
    Situation("welcome, with a line", "welcome", "/welcome", "admin", send("/welcome")),
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
    Situation("account", "settings/account", "/settings/account", shows=("newcomer",)),
    Situation("app", "settings/auth/totp", "/settings/auth/totp", "admin", open_all),
    Situation(
        "app, refused",
        "settings/auth/totp",
        "/settings/auth/totp",
        "settings",
        send("/settings/auth/totp", code="000000"),
    ),
    Situation("passkey", "settings/auth/passkeys", "/settings/auth/passkeys", "admin"),
    Situation("guarded", "settings/auth", "/settings/auth", "guarded", open_all),
    Situation("no codes", "settings/auth/recovery-codes", "/settings/auth/recovery-codes"),
    Situation(
        "recovery codes",
        "settings/auth/recovery-codes",
        "/settings/auth/recovery-codes",
        "guarded",
        show_new_codes,
    ),
    Situation(
        "edit a key",
        "settings/auth/keys/<int:key_id>/edit",
        "/settings/auth/keys/{key_id}/edit",
        shows=("key",),
    ),
    Situation(
        "edit a key, refused",
        "settings/auth/keys/<int:key_id>/edit",
        "/settings/auth/keys/{key_id}/edit",
        "admin",
        send("/settings/auth/keys", limit_requests="0"),
    ),
    Situation(
        "rotate a key",
        "settings/auth/keys/<int:key_id>/rotate",
        "/settings/auth/keys/{key_id}/rotate",
        shows=("key",),
    ),
    Situation(
        "rotate a key, done already",
        "settings/auth/keys/<int:key_id>/rotate",
        "/settings/auth/keys/{old_id}/rotate",
    ),
    Situation("exports", "settings/exports", "/settings/exports", "settings"),
    Situation(
        "export started",
        "settings/exports",
        "/settings/exports",
        "admin",
        send("/settings/exports"),
    ),
    Situation("exports, none older", "settings/exports", "/settings/exports?before=1"),
    Situation(
        "exports, refused",
        "settings/exports",
        "/settings/exports",
        step=send("/settings/exports", start_from_hit_id="-1"),
    ),
    Situation(
        "export",
        "settings/exports/<int:export_id>",
        "/settings/exports/{export_id}",
    ),
    Situation(
        "users", "settings/users", "/settings/users", shows=("person", "newcomer", "invited")
    ),
    Situation("users, unfolded", "settings/users", "/settings/users", "admin", open_all),
    Situation("users, no admin", "settings/users", "/settings/users", "read-only"),
    Situation("invite, refused", "settings/users/invite", "/settings/users", step=invite_a_member),
    Situation("audit", "settings/audit", "/settings/audit", shows=("key", "invited")),
    Situation(
        "audit, nothing", "settings/audit", "/settings/audit?person=nobody@nowhere.example", "admin"
    ),
    Situation("leave", "settings/leave", "/settings/leave", "settings"),
    Situation("leave, refused", "settings/leave", "/settings/leave", step=send("/settings/leave")),
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
    "first-run": "in tests/browser/pages/test_first_run.py",
    "settings/audit.csv": "a file",
    "sign-in/passkey": "leads on, or shows the page to sign in",
    "settings/auth/confirm": "leads back to the settings",
    "settings/auth/totp/remove": "leads back to the settings",
    "settings/auth/passkeys/<int:factor_id>/remove": "leads back to the settings",
    "settings/auth/sessions/end-others": "leads back to the settings",
    "settings/auth/sessions/<str:session_id>/end": "leads back to the settings",
    "settings/auth/recovery-codes/download": "a file",
    "settings/auth/recovery-codes/kept": "leads back to the settings",
    "sign-up/code": "a part of the page",
    "welcome/status": "a part of the page",
    "settings/exports/<int:export_id>/progress": "a part of the page",
    "settings/exports/<int:export_id>/download": "a file",
    "settings/exports/<int:export_id>/delete": "leads back to the exports",
    "settings/users/<int:user_id>/role": "leads back to the users",
    "settings/users/<int:user_id>/remove": "leads back to the users",
    "settings/users/invitations/<int:invitation_id>/send": "leads back to the users",
    "settings/users/invitations/<int:invitation_id>/revoke": "leads back to the users",
    "sign-out": "leads to the sign-in page",
    "settings/auth/keys/<int:key_id>/revoke": "leads back to the settings",
}
"""Route of a page → why it has no row here."""
