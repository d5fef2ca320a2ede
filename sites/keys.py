"""API keys as text: how one is made, what it is known by, what it may do.

`goat_`, 28 random base62 characters (166 bits), 6 characters of checksum. The checksum tells a
typing error, or a key of something else, without a look into the database. Only the digest is
stored: with that much chance in the text, a plain SHA-256 is as good as a slow hash.
"""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable

MARK = "goat_"
RANDOM_CHARACTERS = 28
NOTHING, COUNT, EXPORT, SITE_READ, SITE_CREATE, SITE_UPDATE, STATS = 1, 2, 4, 8, 16, 32, 64

PERMISSIONS = {
    "count": COUNT,
    "export": EXPORT,
    "site-read": SITE_READ,
    "site-create": SITE_CREATE,
    "site-update": SITE_UPDATE,
    "stats": STATS,
}
"""Names in the order in which refusals list them (part 1.1)."""

ALL = sum(PERMISSIONS.values())

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SHAPE = re.compile(r"goat_[0-9A-Za-z]{28}[0-9A-Za-z]{6}")


def make() -> str:
    """A new key."""
    body = MARK + "".join(secrets.choice(_DIGITS) for _ in range(RANDOM_CHARACTERS))
    return body + _checksum(body)


def well_formed(text: str) -> bool:
    """Whether `text` can be a key of ours at all."""
    return bool(_SHAPE.fullmatch(text)) and _checksum(text[:-6]) == text[-6:]


def digest(text: str) -> bytes:
    """What a key is stored and looked up by."""
    return hashlib.sha256(text.encode()).digest()


def shown(text: str) -> str:
    """The part that people may see again, to tell their keys apart."""
    return text[: len(MARK) + 4]


def mask_of(names: Iterable[str]) -> int:
    """The bits of these permissions; errors: ValueError naming the first unknown one."""
    mask = 0
    for name in names:
        if name not in PERMISSIONS:
            raise ValueError(f"unknown permission ‘{name}’: known are {', '.join(PERMISSIONS)}")
        mask |= PERMISSIONS[name]
    return mask or NOTHING


def names_of(mask: int) -> list[str]:
    """The permissions in `mask`, in the contract's order."""
    return [name for name, bit in PERMISSIONS.items() if mask & bit]


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    text = ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        text = _DIGITS[rest] + text
    return text
