"""A person's preferences, where nothing else was chosen: `UserSettings` of part 1.4. Pure."""

from copy import deepcopy
from typing import Any

ZERO_TIME = "0001-01-01T00:00:00Z"


def user_settings(chosen: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every preference in the API's order; `chosen` wins over the defaults."""
    return deepcopy(_DEFAULTS) | (chosen or {})


def _limited(**settings: Any) -> dict[str, Any]:
    return {**settings, "limit": 6}


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
