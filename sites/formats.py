"""Dates, times and figures, written as their reader likes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as formatted

from sites import zones
from sites.models import User
from sites.preferences import DATE_FORMATS, language_of, user_settings

NONE = 1
"""As a separator: figures are not grouped."""

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom something is written for."""

    language: str
    theme: str
    zone: ZoneInfo
    layout: str
    twenty_four_hours: bool
    separator: str

    def day(self, value: date) -> str:
        """The date; of a moment, the one it has in the reader's zone."""
        return formatted(self.here(value), self.layout)

    def time(self, value: datetime) -> str:
        """Hours and minutes in the reader's zone, which is named where it is nobody's."""
        text = formatted(self.here(value), "H:i" if self.twenty_four_hours else "g:i a")
        return f"{text} UTC" if self.zone.key == "UTC" else text

    def moment(self, value: datetime) -> str:
        """Date and time."""
        return f"{self.day(value)}, {self.time(value)}"

    def number(self, value: float, *, places: int = 0) -> str:
        """Grouped by thousands, with so many decimals."""
        whole, _, part = f"{value:,.{places}f}".partition(".")
        return whole.replace(",", self.separator) + (f"{self._point()}{part}" if part else "")

    def size(self, value: int) -> str:
        """So many bytes, to two or three digits: `950 B`, `1.5 MB`, `12 GB`."""
        size, unit = float(value), 0
        while size >= 999.5 and unit < len(UNITS) - 1:
            size, unit = size / 1000, unit + 1
        return f"{self.number(size, places=int(unit > 0 and size < 9.95))} {UNITS[unit]}"

    def here(self, value: date) -> date:
        """A moment in the reader's zone; a date is the same everywhere."""
        return value.astimezone(self.zone) if isinstance(value, datetime) else value

    def _point(self) -> str:
        """What stands before decimals: never what groups the thousands."""
        comma = self.separator == "." or (self.language == "de" and self.separator != ",")
        return "," if comma else "."


def reader(user: User | None = None, *, language: str | None = None) -> Reader:
    """The reader that this person is, or a stranger; `language` for who has not chosen one."""
    chosen: Mapping[str, Any] = user.preferences if user else {}
    preferences = user_settings(dict(chosen))
    return Reader(
        language=language_of(user, otherwise=language or "en"),
        theme=preferences["theme"],
        zone=zones.zone(preferences["timezone"]),
        layout=DATE_FORMATS.get(preferences["date_format"], "Y-m-d"),
        twenty_four_hours=preferences["twenty_four_hours"],
        separator=separator(preferences["number_format"]),
    )


def separator(code: int) -> str:
    """What groups thousands under this `number_format`."""
    return "" if code == NONE else chr(code)


def machine(value: date) -> str:
    """For the attribute `datetime`: a moment in UTC, or a date."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat()
