"""Small readers for what requests say in bodies, queries and paths, with the contract's error texts."""

import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from goatapi.errors import GoatapiError, Invalid

Default = TypeVar("Default", int, None)

MAX_ID = 2**31 - 1


def check_known(fields: Mapping[str, Any], known: Collection[str]) -> None:
    """Errors: `GoatapiError` `unknown parameter: "x"` for the first field not in `known`."""
    for name in fields:
        if name not in known:
            raise GoatapiError(f'unknown parameter: "{name}"')


def path_id(name: str, text: str) -> int:
    """An id from the path: a 32-bit whole number. Errors: `Invalid`."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID):
        raise Invalid({name: ["must be a whole number"]})
    return int(text)


def whole_number(body: Mapping[str, Any], name: str) -> int | None:
    """An optional integer of a JSON body; None when absent or null. Errors: `GoatapiError`.

    `100.0` is one, as JSON Schema has it.
    """
    value = body.get(name)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise GoatapiError(f"invalid JSON: {name} must be a whole number")


def integer(query: Mapping[str, str], name: str, *, default: Default) -> int | Default:
    """An optional integer (64 bits) of the query string. Errors: `GoatapiError`."""
    text = query.get(name)
    if text is None:
        return default
    if re.fullmatch("-?[0-9]{1,19}", text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    raise GoatapiError(f"invalid query parameters: {name} must be a whole number")
