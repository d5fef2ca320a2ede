"""The width of a screen, in whichever form a client sends its size."""

import math
from collections.abc import Sequence
from functools import lru_cache

MAX_SIZE = 2**31 - 1
MAX_REMEMBERED = 32
"""Characters of a size that is remembered: screens are of few kinds."""


def screen_width(value: str | float | Sequence[object] | None) -> int:
    """Give the width in whole pixels, 0 for none, of 'w', 'w,h', 'w,h,scale', [w, h, scale] or w.

    Every number given must be finite and in 0 to 2147483647, not only the width: one bad
    number in a row would fail the whole batch in the database. Raises ValueError with a short
    text for the client otherwise. Source: parts 1.5 and 3.1 of the behaviour page.
    """
    if isinstance(value, str) and len(value) <= MAX_REMEMBERED:
        return _remembered(value)
    return _width(value)


def _width(value: str | float | Sequence[object] | None) -> int:
    numbers = [_number(part) for part in _parts_of(value)]
    return int(numbers[0]) if numbers else 0


_remembered = lru_cache(maxsize=1024)(_width)


def _parts_of(value: str | float | Sequence[object] | None) -> Sequence[object]:
    if value is None or value == "":
        return []
    parts: Sequence[object] = [value]
    if isinstance(value, str):
        parts = value.split(",", 3)
    elif isinstance(value, list | tuple):
        parts = value
    if len(parts) > 3:
        raise ValueError("screen size has more than three numbers")
    return parts


def _number(part: object) -> float:
    number = _parsed(part)
    if not 0 <= number <= MAX_SIZE:
        raise ValueError(f"screen size {str(part)[:32].strip()} is out of range of int32")
    return number


def _parsed(part: object) -> float:
    """Read a number; huge ints stay ints, because a float can not hold them all."""
    if isinstance(part, int) and not isinstance(part, bool):
        return part
    try:
        number = float(_numeral(part))
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ValueError(f"screen size {str(part)[:32]!r} is not a number")
    return number


def _numeral(part: object) -> str | float:
    # Python reads 1_920 and Arabic digits as numbers; nobody else does.
    if isinstance(part, float):
        return part
    return part if isinstance(part, str) and part.isascii() and "_" not in part else ""
