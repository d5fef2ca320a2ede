"""One-time codes as an authenticator app makes them (RFC 6238: SHA-1, 30 seconds, six digits)."""

import base64
import hmac
import struct
import time

STEP = 30


def code(secret: str, *, ahead: int = 0) -> str:
    """What the app shows; `ahead` this many half minutes from now, for a clock that is fast."""
    padded = secret + "=" * (-len(secret) % 8)
    counter = struct.pack(">Q", int(time.time()) // STEP + ahead)
    digest = hmac.digest(base64.b32decode(padded), counter, "sha1")
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"
