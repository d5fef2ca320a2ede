"""Request bodies: bounded, and read as JSON the way the contract's own examples are written."""

import json
import math
import zlib
from typing import Any

import msgspec
import pyjson5
from django.http import HttpRequest

from goatapi import errors

MAX_BODY = 8 << 20
"""Bytes of a request's body, after decompression."""

MAX_LENIENT = 64 << 10
"""Bytes up to which a body that is no strict JSON is read as JSON5 (contract, decision 1)."""


def decode_json(body: bytes) -> Any:
    """The value of `body`; `{}` when it is empty.

    Errors: `errors.GoatapiError` "invalid JSON: …" (400).
    """
    if not body.strip():
        return {}
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _decode_lenient(body, error)


def lenient_json(body: bytes, strict_error: Exception) -> bytes:
    """`body`, which a strict decoder refused with `strict_error`, written strictly if it is JSON5.

    For decoders that work on bytes. Errors: as `decode_json`.
    """
    return msgspec.json.encode(_decode_lenient(body, strict_error))


def _decode_lenient(body: bytes, strict_error: Exception) -> Any:
    refusal = errors.GoatapiError(f"invalid JSON: {strict_error}")
    try:
        mended = _mended(json.loads(body, parse_constant=_refuse))
    except (
        ValueError,
        RecursionError,
    ):  # no JSON even for a decoder that lets half characters pass
        pass
    else:
        if _finite(mended):  # it reads 1e999 as infinity
            return mended
        raise refusal
    if len(body) > MAX_LENIENT:
        raise refusal
    try:
        value = pyjson5.decode(body.decode())
        msgspec.json.encode(value, enc_hook=_refuse)
    except (pyjson5.Json5Exception, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        raise refusal from None
    if not _finite(value):
        raise errors.GoatapiError("invalid JSON: NaN and Infinity are not numbers")
    return value


def _mended(value: Any) -> Any:
    """`value` with half surrogates replaced: JavaScript writes them when it cuts a text inside of an emoji."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def _refuse(value: Any) -> Any:
    raise ValueError(f"no JSON value: {value!r}")


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    return not isinstance(value, list) or all(map(_finite, value))


def bounded_body(request: HttpRequest) -> bytes:
    """The request's body, at most `MAX_BODY` bytes, gunzipped if it came so.

    Errors: `errors.TooLarge` (413), `errors.GoatapiError` for a broken or unknown encoding.
    """
    body = request.body
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        body = _gunzip(body)
    elif encoding != "identity":
        raise errors.GoatapiError(f'unable to handle Content-Encoding "{encoding}"')
    if len(body) > MAX_BODY:
        raise errors.TooLarge(f"the body is larger than {MAX_BODY >> 20} MiB")
    return body


def _gunzip(body: bytes) -> bytes:
    """At most one byte over the bound is unpacked, whatever a bomb promises."""
    unpacked = b""
    while body and len(unpacked) <= MAX_BODY:  # a file may have several members (RFC 1952)
        unpacker = zlib.decompressobj(wbits=31)
        try:
            unpacked += unpacker.decompress(body, MAX_BODY + 1 - len(unpacked))
        except zlib.error:
            raise errors.GoatapiError(
                "the body is not gzip, as its Content-Encoding says"
            ) from None
        if len(unpacked) <= MAX_BODY and not unpacker.eof:
            raise errors.GoatapiError("the gzipped body is incomplete")
        body = unpacker.unused_data
    return unpacked
