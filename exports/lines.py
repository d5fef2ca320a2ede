"""Formats of lines: CSV version 2 (part 8.2 of the behaviour page, byte for byte), and JSON lines.

A line is put together from pieces, those that many rows share ready-made: the shapes of the scan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import gmtime

import msgspec

from storage.types import ShapedRows, Shapes

HEADER = (
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,"
    "Screen size,Location,FirstVisit,Date\n"
)


@dataclass(frozen=True, slots=True)
class LineFormat:
    """What a file begins with, and how rows become lines, their line ends included."""

    header: str
    shapes: Shapes[str]
    lines: Callable[[ShapedRows[str]], str]


def csv_lines(batch: ShapedRows[str]) -> str:
    """Lines of CSV."""
    rows = zip(
        *(batch.paths, batch.browsers, batch.systems, csv_sessions(batch.sessions), batch.refs),
        *(batch.widths, batch.locations, batch.first_visits, batch.hours, batch.seconds),
        strict=True,
    )
    return "".join(
        [
            f"{path},,{browser},{system},{session},0,{ref},{width},{location},{first},{hour}{second}\n"
            for path, browser, system, session, ref, width, location, first, hour, second in rows
        ]
    )


def json_lines(batch: ShapedRows[str]) -> str:
    """One JSON object a line: every stored field, named as in `POST /api/v0/count`.

    `size` is the width in pixels, 0 for unknown; `session` 32 hexadecimal digits, or null.
    """
    rows = zip(
        *(batch.hit_ids, batch.paths, batch.refs, batch.campaigns, batch.browsers, batch.systems),
        *(batch.widths, batch.locations, batch.languages, json_sessions(batch.sessions)),
        *(batch.first_visits, batch.hours, batch.seconds),
        strict=True,
    )
    return "".join(
        [
            f'{{"hit_id":{hit_id},{path},{ref},{campaign},{browser},{system},{width},{location},{language},'
            f'"session":{session},{first},"created_at":"{hour}{second}"}}\n'
            for (
                hit_id, path, ref, campaign, browser, system, width, location, language, session, first,
                hour, second,
            ) in rows
        ]
    )  # fmt: skip


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


def csv_sessions(sessions: list[str]) -> list[str]:
    """The two 64-bit halves of each as hexadecimal numbers; `0-0` for no session."""
    return [
        f"{digits[:16]}-{digits[16:]}"
        if digits and digits[0] != "0" != digits[16]
        else f"{digits[:16].lstrip('0') or '0'}-{digits[16:].lstrip('0') or '0'}"
        for digits in sessions
    ]


def json_sessions(sessions: list[str]) -> list[str]:
    """A JSON string or null, each."""
    return [f'"{digits}"' if digits else "null" for digits in sessions]


def members(**values: object) -> str:
    """The inside of a JSON object."""
    return msgspec.json.encode(values).decode()[1:-1]


def hour_text(hour: int) -> str:
    """RFC 3339 in UTC as far as the hour."""
    at = gmtime(hour * 3600)
    return f"{at.tm_year:04}-{at.tm_mon:02}-{at.tm_mday:02}T{at.tm_hour:02}:"


def second_text(second: int) -> str:
    """The rest, by the second of the hour."""
    return f"{second // 60:02}:{second % 60:02}Z"


CSV = LineFormat(
    HEADER,
    Shapes(
        path=lambda path, title, event: f"{quoted(path)},{quoted(title)},{event:d}",
        ref=lambda ref, scheme: f"{quoted(ref)},{scheme}",
        browser=named,
        system=named,
        width=lambda width: f'"{width},0,1"',
        location=quoted,
        first_visit=lambda first: "1" if first else "0",
        hour=hour_text,
        second=second_text,
    ),
    csv_lines,
)
JSON_LINES = LineFormat(
    "",
    Shapes(
        hit_ids=True,
        path=lambda path, title, event: members(path=path, title=title, event=event),
        ref=lambda ref, scheme: members(ref=ref, ref_scheme=scheme),
        browser=lambda name, version: members(browser=name, browser_version=version),
        system=lambda name, version: members(system=name, system_version=version),
        campaign=lambda campaign: members(campaign=campaign),
        width=lambda width: members(size=width),
        location=lambda location: members(location=location),
        language=lambda language: members(language=language),
        first_visit=lambda first: members(first_visit=first),
        hour=hour_text,
        second=second_text,
    ),
    json_lines,
)
