"""Reads what `/count` was sent: the query string's keys, limits and texts of part 3.1."""

from functools import lru_cache
from urllib.parse import unquote_plus

import msgspec

from hits.size import screen_width

MAX_PATH = 2048
MAX_TITLE = 1024
MAX_REF = 2048
MAX_QUERY = 8192
MAX_USER_AGENT = 512
MAX_REMEMBERED = 256

SHORT = 512
"""A query no longer than this holds no text that is too long."""

TRUE = frozenset({"true", "1", "on"})
FALSE = frozenset({"false", "0", "off"})


class Refused(Exception):
    """A pageview that can not be counted; the text goes into X-Goatcounter."""


class Sent(msgspec.Struct, gc=False):
    """A pageview as `/count` was told of it: raw texts, checked against their limits."""

    path: str = ""
    title: str = ""
    ref: str = ""
    query: str = ""
    event: bool = False
    width: int = 0
    bot: int = 0
    no_session: bool = False


def parse_count(query: str) -> Sent:
    """The pageview in a query string. Unknown keys are ignored, of a repeated one the first counts.

    Errors: `Refused` with the text of part 3.1.
    """
    values = _values(query)
    sent = Sent(
        path=values.get("p", ""),
        title=values.get("t", ""),
        ref=values.get("r", ""),
        query=values.get("q", ""),
    )
    if len(values) > 1:
        _read_switches(sent, values)
    if len(query) > SHORT or "%00" in query or "\0" in query or not sent.path.strip():
        _check_texts(sent)
    return sent


def text_problems(*, path: str, title: str, ref: str, query: str = "", user_agent: str = "") -> str:
    """What is wrong with a pageview's texts, in the form of part 0.3; '' when nothing is.

    Characters are code points. NUL is refused: no database of ours can hold it.
    """
    problems = {}
    if not path.strip():
        problems["path"] = "must be set, must be longer than 1 characters"
    for name, text, limit in (
        ("path", path, MAX_PATH),
        ("query", query, MAX_QUERY),
        ("ref", ref, MAX_REF),
        ("title", title, MAX_TITLE),
        ("user_agent_header", user_agent, MAX_USER_AGENT),
    ):
        if len(text) > limit:
            problems[name] = f"must be shorter than {limit} characters"
        elif "\0" in text:
            problems[name] = "must be UTF-8"
    return _text_form(problems)


def _text_form(problems: dict[str, str]) -> str:
    lines = [f"{name}: {text}." for name, text in sorted(problems.items())]
    return lines[0] if len(lines) == 1 else "".join(f"{line}\n" for line in lines)


def _values(query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key in values or not value:
            values.setdefault(key, "")
            continue
        values[key] = _decoded(value) if "%" in value or "+" in value else value
    values.pop("", None)
    return values


def _decoded(value: str) -> str:
    """Pages, titles and referrers come again and again; long texts are not worth the memory."""
    return _remembered(value) if len(value) <= MAX_REMEMBERED else _unquoted(value)


def _unquoted(value: str) -> str:
    try:
        return unquote_plus(value, errors="strict")
    except UnicodeDecodeError:
        raise Refused("error decoding parameters: must be UTF-8") from None


_remembered = lru_cache(maxsize=4096)(_unquoted)


def _read_switches(sent: Sent, values: dict[str, str]) -> None:
    if "e" in values:
        sent.event = _boolean("e", values["e"])
    if "ns" in values:
        sent.no_session = _boolean("ns", values["ns"])
    if "b" in values:
        sent.bot = _bot(values["b"])
    if size := values.get("s"):
        try:
            sent.width = screen_width(size)
        except ValueError as error:
            raise Refused(f"error decoding parameters: s: {error}") from None


def _boolean(name: str, text: str) -> bool:
    word = text.lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise Refused(f"error decoding parameters: {name}: must be a boolean")


def _bot(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise Refused("error decoding parameters: b: must be a whole number")
    bot = int(text)
    if bot and bot < 150:
        raise Refused(f"wrong value: b={bot}")
    return bot


def _check_texts(sent: Sent) -> None:
    path = sent.path
    size = len(path) if path.isascii() else len(path.encode())
    if size > MAX_PATH:
        raise Refused(f"ignored because path is longer than {MAX_PATH} bytes ({size} bytes)")
    if problems := text_problems(path=path, title=sent.title, ref=sent.ref, query=sent.query):
        raise Refused(f"not valid: {problems}")
