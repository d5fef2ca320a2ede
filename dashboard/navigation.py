"""The settings pages: one table, from which each of them gets its navigation."""

from dataclasses import dataclass
from functools import cache

from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from sites.models import Role

RISING = list(Role)


@dataclass(frozen=True, slots=True)
class Page:
    """A settings page, and the least that one must be to open it."""

    path: str
    label: Promise
    least: Role


@dataclass(frozen=True, slots=True)
class Link:
    """A page as its reader sees it; `current` also for what lies below it."""

    path: str
    label: Promise
    current: bool


PAGES = (
    Page("/settings/auth", gettext_lazy("Password, MFA, API"), Role.READ_ONLY),
    Page("/settings/users", gettext_lazy("Users"), Role.ADMIN),
    Page("/settings/exports", gettext_lazy("Exports"), Role.SETTINGS),
    Page("/settings/audit", gettext_lazy("Audit log"), Role.ADMIN),
    Page("/settings/account", gettext_lazy("Account"), Role.OWNER),
    Page("/settings/preferences", gettext_lazy("Preferences"), Role.READ_ONLY),
    Page("/settings/leave", gettext_lazy("Leave"), Role.READ_ONLY),
)
"""In the order of the navigation. A page shows up when `goatapi.urls` has its route."""


def links(role: Role, path: str) -> list[Link]:
    """The pages that this role may open, seen from `path`."""
    return [
        Link(page.path, page.label, f"{path}/".startswith(f"{page.path}/"))
        for page in PAGES
        if RISING.index(role) >= RISING.index(page.least) and _is_there(page.path)
    ]


@cache
def _is_there(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
