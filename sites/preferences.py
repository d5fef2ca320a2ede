"""A person's preferences: `UserSettings` of part 1.4, and which values of them can be chosen (part 6.6).

`User.preferences` holds what was chosen, in the API's spelling; the rest is as here.
"""

from copy import deepcopy
from typing import Any

from django.utils.translation import gettext as _

from sites import zones
from sites.models import User

ZERO_TIME = "0001-01-01T00:00:00Z"

LANGUAGES = {"en-GB": "en", "de-DE": "de"}
"""Languages as the API names them → as Django does."""

DATE_FORMATS = {
    "2006-01-02": "Y-m-d",
    "02-01-2006": "d-m-Y",
    "01/02/06": "m/d/y",
    "2 Jan ’06": "j M ’y",
    "Mon Jan 2 2006": "D M j Y",
}
"""Layouts in Go's notation → in Django's."""

NUMBER_FORMATS = (8239, 160, 44, 46, 39, 1)
"""Code points of what may group thousands; 1 is nothing."""

THEMES = ("", "light", "dark")


def language_of(user: User | None, *, otherwise: str = "en") -> str:
    """The language that this person has chosen, as Django names it; `otherwise` without a choice."""
    return LANGUAGES.get(user.preferences.get("language", "") if user else "", otherwise)


def beginning(*, language: str | None, timezone: str = "UTC") -> dict[str, Any]:
    """The preferences of who is new, by what their browser says: `de`, `Europe/Berlin`."""
    tags = [tag for tag, code in LANGUAGES.items() if code == language]
    return {
        "language": tags[0] if tags else "en-GB",
        "timezone": zones.tag(timezone),
        "twenty_four_hours": True,
    }


def problem(name: str, value: object) -> str | None:
    """The rule that this choice breaks, as a sentence's part; None if it can be chosen."""
    allowed = _ALLOWED.get(name)
    if allowed is None:
        return _("there is no preference ‘%(name)s’") % {"name": name}
    if name == "timezone":
        return None if zones.tag(str(value).partition(".")[2]) == value else _("no such time zone")
    return None if value in allowed else _("‘%(value)s’ can not be chosen") % {"value": value}


def user_settings(chosen: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every preference in the API's order; `chosen` wins over the defaults."""
    return deepcopy(_DEFAULTS) | (chosen or {})


def _limited(**settings: Any) -> dict[str, Any]:
    return {**settings, "limit": 6}


_ALLOWED: dict[str, tuple[object, ...]] = {
    "language": ("", *LANGUAGES),  # none: as the browser asks
    "timezone": (),  # too many to list here
    "date_format": tuple(DATE_FORMATS),
    "twenty_four_hours": (False, True),
    "sunday_starts_week": (False, True),
    "number_format": NUMBER_FORMATS,
    "theme": THEMES,
}

_DEFAULTS: dict[str, Any] = {
    "twenty_four_hours": False,
    "sunday_starts_week": False,
    "language": "en-GB",
    "date_format": "2 Jan ’06",
    "number_format": 8239,  # the code point of a narrow no-break space
    "timezone": ".UTC",
    "widgets": [
        {"n": "pages", "s": {"limit_pages": 10, "limit_refs": 10, "style": "line"}},
        {"n": "totalpages", "s": {"align": False, "no-events": False, "style": "line"}},
        {"n": "toprefs", "s": _limited(key=None)},
        {"n": "campaigns", "s": _limited(key=None)},
        {"n": "browsers", "s": _limited(key=None)},
        {"n": "systems", "s": _limited(key=None)},
        {"n": "locations", "s": _limited(key="")},
        {"n": "languages", "s": _limited()},
        {"n": "sizes", "s": {"key": None, "sort-count": False}},
    ],
    "views": [{"name": "default", "filter": "", "group": 0, "period": "week"}],
    "email_reports": 0,
    "fewer_numbers": False,
    "fewer_numbers_lock_until": ZERO_TIME,
    "theme": "",
    "datepicker": False,
}
