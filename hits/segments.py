"""The journal's file format: records that can be found again after damage.

A segment is a run of records; a record is `MAGIC`, payload length (u32), CRC-32 of the payload (u32),
CRC-32 of these three (u32), payload. Numbers are little endian. The magic lets a reader go on behind a
damaged range. The header has a checksum of its own so that its length can be trusted: then what looks like
a record in a payload is never taken for one because its outer record is not yet whole, or never will be.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

MAGIC = b"\xf5GJ1"
HEADER = struct.Struct("<4sIII")
MAX_PAYLOAD = 16 << 20

_SUMMED = struct.Struct("<4sII")
_SUM = struct.Struct("<I")


class Record(msgspec.Struct, frozen=True, gc=False):
    """A whole record: `payload`, and `end`, the offset behind it in its segment."""

    payload: bytes
    end: int


class Damage(msgspec.Struct, frozen=True, gc=False):
    """Bytes from `start` to `end` of a segment that are no record."""

    start: int
    end: int


def pack(payload: bytes) -> bytes:
    """The record that holds `payload`. Errors: `ValueError` over 16 MiB, which no reader would take."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a journal record holds at most {MAX_PAYLOAD} bytes, not {len(payload)}")
    summed = _SUMMED.pack(MAGIC, len(payload), zlib.crc32(payload))
    return summed + _SUM.pack(zlib.crc32(summed)) + payload


def unpack(
    data: bytes, base: int = 0, *, nothing_follows: bool = False
) -> Iterator[Record | Damage]:
    """Records of `data` (a window of a segment that begins at its offset `base`).

    Stops before a rest that may be a record not yet wholly written; that rest begins where the last
    item ended. Damage is told only once a whole record follows it. When `nothing_follows`, a record that
    claims more than there is was cut, and those behind it are found, too: no text of a payload can
    look like them, since the magic is not UTF-8.
    """
    at = 0
    while (found := _next_record(data, at, nothing_follows)) is not None:
        start, payload = found
        if start > at:
            yield Damage(base + at, base + start)
        at = start + HEADER.size + len(payload)
        yield Record(payload, base + at)


def is_torn(tail: bytes) -> bool:
    """Whether the end of a dead writer's segment is a record that it never finished (or zeros of a power loss)."""
    if len(tail) < HEADER.size:
        return MAGIC.startswith(tail[: len(MAGIC)]) or not tail.strip(b"\0")
    size, _ = _claim(tail, 0)
    return size > len(tail) if size else not tail.strip(b"\0")


def _next_record(data: bytes, at: int, nothing_follows: bool) -> tuple[int, bytes] | None:
    """Start and payload of the first sound record from `at` on; None if there is none, or not all of it."""
    while (at := data.find(MAGIC, at)) != -1:
        size, checksum = _claim(data, at)
        end = at + size
        if end <= len(data):
            payload = data[at + HEADER.size : end]
            if size and zlib.crc32(payload) == checksum:
                return at, payload
        elif not nothing_follows:
            return None
        at += 1
    return None


def _claim(data: bytes, at: int) -> tuple[int, int]:
    """Bytes of the record whose header is at `at`, and its payload's checksum; 0 bytes if that is none."""
    if len(data) - at < HEADER.size:
        return 0, 0
    magic, length, checksum, own = HEADER.unpack_from(data, at)
    if magic != MAGIC or length > MAX_PAYLOAD or zlib.crc32(data[at : at + _SUMMED.size]) != own:
        return 0, 0
    return HEADER.size + length, checksum
