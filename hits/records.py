"""What the journal carries: one frame for one request, in msgpack. Nothing of address or user agent."""

import msgspec


class Hit(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    """One accepted pageview as it was sent, less what would name a visitor.

    `path`, `title`, `ref`, `query` are raw text (the drain cleans them), `created_at` is in seconds
    (0: the frame's arrival), `visitor` and `visitor_before` are the session's 16-byte hashes under the
    current and the previous salt (b"": no session), `once` the 16-byte key that makes a resend
    countable once (b"": none).
    """

    path: str
    title: str = ""
    ref: str = ""
    query: str = ""
    event: bool = False
    width: int = 0
    browser: str = ""
    browser_version: str = ""
    system: str = ""
    system_version: str = ""
    location: str = ""
    language: str = ""
    created_at: int = 0
    visitor: bytes = b""
    visitor_before: bytes = b""
    once: bytes = b""


class Frame(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    """One journal record: the hits of one request to one site, or counters of what was not counted.

    `arrived_at` in seconds. `tallies` maps a reason to a number.
    """

    site_id: int
    arrived_at: int
    hits: list[Hit] = []
    tallies: dict[str, int] = {}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """The frame as bytes for `Journal.append`."""
    return _encoder.encode(frame)


def decode(payload: bytes) -> Frame:
    """The frame of a journal record. Errors: `msgspec.DecodeError` (msgspec.ValidationError too)."""
    try:
        return _decoder.decode(payload)
    except UnicodeDecodeError as error:  # the one thing for which msgspec has no error of its own
        raise msgspec.DecodeError(str(error)) from error
