"""What `POST /api/v0/count` is sent: the body decoded, and its hits held against their limits.

Source: part 1.5 of the behaviour page and "How we read it" of the contract.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goatapi.errors import GoatapiError
from goatapi.http.body import lenient_json
from hits.parse import MAX_PATH, MAX_QUERY, MAX_REF, MAX_TITLE, MAX_USER_AGENT, text_problems

MAX_HITS = 500
MAX_ID = 64
MAX_IP = 64
MAX_LANGUAGE = 128
MAX_LOCATION = 16

MAX_BRACES = 4 * MAX_HITS
"""A body with more of them is not decoded at once: it may hold far too many hits, and they take memory."""

_NUL = rb"\u0000"  # the only way to write one in JSON
_DECODING = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class HitError(Exception):
    """One hit can not be counted; the text says why."""


class ApiHit(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One hit as the API takes it."""

    path: str | None = None
    title: str | None = None
    event: bool | int | str | None = None
    ref: str | None = None
    size: str | int | float | list[int | float] | None = None
    query: str | None = None
    bot: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    user_agent: str | None = None
    location: str | None = None
    language: str | None = None
    ip: str | None = None
    created_at: datetime | None = None
    session: str | None = None
    id: str | None = None


class _Good(ApiHit, forbid_unknown_fields=True, gc=False):
    """A hit within all limits of `_check`, which the decoder sees to in a tenth of the time."""

    path: Annotated[str, Meta(min_length=1, max_length=MAX_PATH)]
    title: Annotated[str, Meta(max_length=MAX_TITLE)] | None = None
    ref: Annotated[str, Meta(max_length=MAX_REF)] | None = None
    query: Annotated[str, Meta(max_length=MAX_QUERY)] | None = None
    user_agent: Annotated[str, Meta(max_length=MAX_USER_AGENT)] | None = None
    location: Annotated[str, Meta(max_length=MAX_LOCATION)] | None = None
    language: Annotated[str, Meta(max_length=MAX_LANGUAGE)] | None = None
    ip: Annotated[str, Meta(max_length=MAX_IP)] | None = None
    created_at: Annotated[datetime, Meta(tz=True)] | None = None
    id: Annotated[str, Meta(max_length=MAX_ID)] | None = None


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """The request's body; `hits` are to be read by `read_hit`."""

    no_sessions: bool | None = None
    filter: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    hits: Sequence[msgspec.Raw | _Good] | None = None


class _RawBatch(Batch, forbid_unknown_fields=True):
    hits: list[msgspec.Raw] | None = None


class _GoodBatch(Batch, forbid_unknown_fields=True):
    hits: list[_Good] | None = None


_raw_batches = msgspec.json.Decoder(_RawBatch)
_good_batches = msgspec.json.Decoder(_GoodBatch)
_hits = msgspec.json.Decoder(ApiHit)


def read_batch(body: bytes) -> Batch:
    """The body as a whole. Errors: `GoatapiError`."""
    if not body.strip():
        raise GoatapiError("no hits")
    batch = _read_at_once(body) or _read_raw(body)
    if not batch.hits:
        raise GoatapiError("no hits")
    if len(batch.hits) > MAX_HITS:
        raise GoatapiError(f"maximum amount of pageviews in one batch is {MAX_HITS}")
    return batch


def read_hit(given: msgspec.Raw | _Good) -> ApiHit:
    """One of a batch's hits, within its limits. Errors: `HitError`."""
    if isinstance(given, _Good) and not given.path.isspace():
        return given
    hit = _decode_hit(given) if isinstance(given, msgspec.Raw) else given
    _check(hit)
    return hit


def _read_at_once(body: bytes) -> Batch | None:
    """The batch, if all of its hits are good ones. Otherwise each is read on its own, which finds the words."""
    if body.count(b"{") > MAX_BRACES or _NUL in body:
        return None
    try:
        return _good_batches.decode(body)
    except _DECODING:
        return None


def _read_raw(body: bytes) -> Batch:
    try:
        return _decode_strictly(body)
    except _DECODING as error:
        strict = lenient_json(body, error)
    return _decode_strictly(strict)


def _decode_strictly(body: bytes) -> Batch:
    try:
        return _raw_batches.decode(body)
    except msgspec.ValidationError as error:
        raise GoatapiError(_whole_text(str(error))) from None


def _whole_text(text: str) -> str:
    """msgspec's sentence about the whole, in the contract's words."""
    if "unknown field" in text:
        return f'unknown parameter: "{_quoted(text)}"'
    return f"invalid JSON: {text}"


def _decode_hit(raw: msgspec.Raw) -> ApiHit:
    try:
        hit = _hits.decode(raw)
    except msgspec.ValidationError as error:
        raise HitError(_hit_text(str(error))) from None
    except _DECODING as error:
        raise HitError(f"invalid JSON: {error}") from None
    if hit.created_at is not None and hit.created_at.tzinfo is None:
        raise HitError("created_at: must be a time as RFC 3339, with its zone.")
    return hit


def _hit_text(text: str) -> str:
    if "unknown field" in text:
        return f'unknown parameter: "{_quoted(text)}"'
    reason, _, place = text.partition(" - at `$")
    name = place.strip("`.").partition("[")[0]
    return f"{name}: {reason[0].lower()}{reason[1:]}." if name else f"{reason}."


def _quoted(text: str) -> str:
    return text.partition("`")[2].partition("`")[0]


def _check(hit: ApiHit) -> None:
    problems = text_problems(
        path=hit.path or "",
        title=hit.title or "",
        ref=hit.ref or "",
        query=hit.query or "",
        user_agent=hit.user_agent or "",
    )
    if problems:
        raise HitError(problems.strip())
    if len(hit.ip or "") > MAX_IP:  # such texts are remembered: they must stay small
        raise HitError("ip: must be a valid IPv4 or IPv6 address.")
    if len(hit.language or "") > MAX_LANGUAGE:
        raise HitError(f"language: must be shorter than {MAX_LANGUAGE} characters.")
    if len(hit.location or "") > MAX_LOCATION or "\0" in (hit.location or ""):
        raise HitError("location: must be a country or region code, such as NL or US-TX.")
    if hit.id is not None and len(hit.id) > MAX_ID:
        raise HitError(f"id: must be shorter than {MAX_ID} characters.")
