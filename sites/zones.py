"""Time zones as a person chooses them, and as GoatCounter writes them: `DE.Europe/Berlin`, `.UTC`."""

import zoneinfo
from functools import cache
from pathlib import Path

UTC = ".UTC"
NO_ZONES = frozenset({"Factory", "localtime"})
"""What lies among the zones and is none that one could choose."""


@cache
def names() -> tuple[str, ...]:
    """Every zone of this machine's data, sorted."""
    return tuple(sorted(zoneinfo.available_timezones() - NO_ZONES))


def tag(name: str) -> str:
    """`name` as preferences hold it, with its country's code if it has one; `UTC` for no known zone."""
    return f"{_countries().get(name, '')}.{name}" if name in names() else UTC


def zone(tag: str) -> zoneinfo.ZoneInfo:
    """The zone of a tag; UTC for one that this machine does not know (any more)."""
    name = tag.partition(".")[2]
    return zoneinfo.ZoneInfo(name if name in names() else "UTC")


@cache
def _countries() -> dict[str, str]:
    """Zone → country code, by the table that comes with the zones; without it no zone has a country."""
    tables = [Path(folder) / "zone.tab" for folder in zoneinfo.TZPATH]
    lines = next((table.read_text().splitlines() for table in tables if table.is_file()), [])
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {row[2]: row[0] for row in rows}
