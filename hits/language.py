"""The language a browser asks for, as an ISO 639-3 code."""

from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "languages.txt"
_CODES = dict(
    line.split() for line in _FILE.read_text(encoding="ascii").splitlines() if line[:1] != "#"
)


@lru_cache(maxsize=4096)
def language_of(header_or_tag: str) -> str:
    """Give the ISO 639-3 code of the language most wanted, or ''; never raises.

    Takes an Accept-Language header or a single BCP 47 tag: 'fr' gives 'fra', 'en-US' 'eng'.
    Of tags with the same weight the first wins. Source: part 3.7 of the behaviour page.
    """
    tags = [_weighed(item) for item in header_or_tag.split(",")]
    weight, tag = max(tags, key=lambda weighed: weighed[0])
    return _code_of(tag) if weight > 0 else ""


def _weighed(item: str) -> tuple[float, str]:
    """Read one `tag;q=0.8`; what can not be asked for weighs nothing."""
    tag, _, parameters = item.partition(";")
    tag = tag.strip()
    return (_weight(parameters) if tag not in ("", "*") else 0.0), tag


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 < weight <= 1 else 0.0


def _code_of(tag: str) -> str:
    base = tag.replace("_", "-").partition("-")[0].lower()
    return _CODES.get(base, "")
