"""Formats of lines: CSV version 2 (part 8.2 of the behaviour page, byte for byte), and JSON lines.

A line is put together from pieces. Those that many rows share are quoted once: the shapes of the scan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from time import gmtime

import msgspec

from storage.types import ShapedRows, Shapes

HEADER = (
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,"
    "Screen size,Location,FirstVisit,Date\n"
)
BITS = ("0", "1")
TRUTHS = ("false", "true")
MINUTES = tuple(f"{second // 60:02}:{second % 60:02}Z" for second in range(3600))
"""The end of a time, by the second of its hour."""


@dataclass(frozen=True, slots=True)
class LineFormat:
    """What a file begins with, and how rows become lines, their line ends included."""

    header: str
    shapes: Shapes[str]
    lines: Callable[[ShapedRows[str]], str]


def csv_lines(batch: ShapedRows[str]) -> str:
    """Lines of CSV."""
    paths, refs, browsers, systems = batch.paths, batch.refs, batch.browsers, batch.systems
    return "".join(
        [
            f"{paths[path]},,{browsers[browser]},{systems[system]},{session_text(session)},0,{refs[ref]},"
            f'"{width},0,1",{quoted(location)},{BITS[first]},{hour_text(at // 3600)}{MINUTES[at % 3600]}\n'
            for _, path, ref, browser, system, _, width, location, _, session, first, at in batch.rows
        ]
    )


def json_lines(batch: ShapedRows[str]) -> str:
    """One JSON object a line: every stored field, named as in `POST /api/v0/count`.

    `size` is the width in pixels, 0 for unknown; `session` 32 hexadecimal digits, or null.
    """
    paths, refs, campaigns = batch.paths, batch.refs, batch.campaigns
    browsers, systems = batch.browsers, batch.systems
    return "".join(
        [
            f'{{"hit_id":{hit_id},{paths[path]},{refs[ref]},{campaigns[campaign]},'
            f'{browsers[browser]},{systems[system]},"size":{width},'
            f'"location":{json_text(location)},"language":{json_text(language)},'
            f'"session":{json_session(session)},"first_visit":{TRUTHS[first]},'
            f'"created_at":"{hour_text(at // 3600)}{MINUTES[at % 3600]}"}}\n'
            for (
                hit_id, path, ref, browser, system, campaign, width, location, language, session, first, at
            ) in batch.rows
        ]
    )  # fmt: skip


@lru_cache(1_000)
def quoted(text: str) -> str:
    """A CSV field: in quotes when it holds a comma, a quote or a line end, or begins with a blank."""
    if not text or not (
        text[0].isspace() or "," in text or '"' in text or "\n" in text or "\r" in text
    ):
        return text
    return '"' + text.replace('"', '""') + '"'


def named(name: str, version: str) -> str:
    """`NAME VERSION`, with its blank even where a part is missing."""
    return quoted(f"{name} {version}")


def session_text(session: bytes | None) -> str:
    """The two 64-bit halves as hexadecimal numbers; `0-0` for no session."""
    if not session:
        return "0-0"
    digits = session.hex("-", 8)
    if digits[0] != "0" != digits[17]:
        return digits
    return "-".join(half.lstrip("0") or "0" for half in digits.split("-"))


@lru_cache(1_000)
def json_text(text: str) -> str:
    """A JSON string."""
    return msgspec.json.encode(text).decode()


def json_session(session: bytes | None) -> str:
    """A JSON string or null."""
    return f'"{session.hex()}"' if session else "null"


def members(**values: object) -> str:
    """The inside of a JSON object."""
    return msgspec.json.encode(values).decode()[1:-1]


@lru_cache(10_000)
def hour_text(hour: int) -> str:
    """RFC 3339 in UTC as far as the hour."""
    at = gmtime(hour * 3600)
    return f"{at.tm_year:04}-{at.tm_mon:02}-{at.tm_mday:02}T{at.tm_hour:02}:"


CSV = LineFormat(
    HEADER,
    Shapes(
        path=lambda path, title, event: f"{quoted(path)},{quoted(title)},{event:d}",
        ref=lambda ref, scheme: f"{quoted(ref)},{scheme}",
        browser=named,
        system=named,
        campaign=lambda _: "",
    ),
    csv_lines,
)
JSON_LINES = LineFormat(
    "",
    Shapes(
        path=lambda path, title, event: members(path=path, title=title, event=event),
        ref=lambda ref, scheme: members(ref=ref, ref_scheme=scheme),
        browser=lambda name, version: members(browser=name, browser_version=version),
        system=lambda name, version: members(system=name, system_version=version),
        campaign=lambda campaign: members(campaign=campaign),
    ),
    json_lines,
)
