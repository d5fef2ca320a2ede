"""Reads the body of `POST /api/v0/count`: each hit on its own, so that a bad one costs only itself.

Source: part 1.5 of the behaviour page and "How we read it" of the contract.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from goatapi.errors import GoatapiError
from goatapi.http.body import lenient_json
from goatapi.http.client_ip import plain_address
from hits.bots import bot_reason
from hits.door import robot
from hits.geo import Locator
from hits.language import language_of
from hits.parse import FALSE, TRUE, text_problems
from hits.records import Hit
from hits.size import screen_width
from hits.useragent import describe
from hits.visitors import Visitors, once_key
from sites.tenancy import SiteRef

MAX_HITS = 500
MAX_ID = 64
MAX_IP = 64
MAX_LANGUAGE = 128
MAX_LOCATION = 16
FUTURE_SECONDS = 5
NO_SESSION = (
    "session or browser/IP not set; use no_sessions if you don't want to track unique visits"
)
_ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """The request's body; `hits` are decoded one by one."""

    hits: list[msgspec.Raw] | None = None
    no_sessions: bool | None = None
    filter: list[str] | msgspec.UnsetType | None = msgspec.UNSET


class ApiHit(msgspec.Struct, forbid_unknown_fields=True):
    """One hit as the API takes it."""

    path: str | None = None
    title: str | None = None
    event: bool | int | str | None = None
    ref: str | None = None
    size: str | int | float | list[int | float] | None = None
    query: str | None = None
    bot: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    user_agent: str | None = None
    location: str | None = None
    language: str | None = None
    ip: str | None = None
    created_at: datetime | None = None
    session: str | None = None
    id: str | None = None


class HitError(Exception):
    """One hit can not be counted; the text says why."""


class Outcome(msgspec.Struct):
    """What became of a batch: hits to journal, and what is to be told of the others."""

    hits: list[Hit]
    tallies: dict[str, int]
    errors: dict[str, str]
    filtered: list[int]
    without_session: int = 0

    def tally(self, reason: str) -> None:
        """One hit that is not counted."""
        self.tallies[reason] = self.tallies.get(reason, 0) + 1


@dataclass(slots=True)
class _Request:
    """What holds for every hit of one request, and what has become of them."""

    site: SiteRef
    no_sessions: bool | None
    filters_ip: bool
    idempotency_key: str
    outcome: Outcome = field(default_factory=lambda: Outcome([], {}, {}, []))

    def note_missing_session(self) -> None:
        """Absent `no_sessions` lets the hit pass with a warning (contract, decision 1)."""
        if self.no_sessions is False:
            raise HitError(NO_SESSION)
        if self.no_sessions is None:
            self.outcome.without_session += 1

    def once(self, index: int) -> bytes:
        """The key under which a resend of the request is known."""
        if not self.idempotency_key:
            return b""
        return once_key("request", f"{index}\0{self.idempotency_key}")


_batches = msgspec.json.Decoder(Batch)
_hits = msgspec.json.Decoder(ApiHit)


@dataclass(slots=True)
class Reader:
    """Reads batches; made once for the process by `hits.runtime`."""

    visitors: Visitors
    locator: Locator
    clock: Callable[[], float] = field(default=time.time)

    def read(self, site: SiteRef, body: bytes, *, idempotency_key: str = "") -> Outcome:
        """The hits of `body` for `site`.

        Errors: `GoatapiError` for what is wrong with the whole; the errors of single hits are in
        the outcome, and the other hits stand.
        """
        batch = _decode(body)
        raw_hits = batch.hits or []
        _check_count(raw_hits)
        request = _Request(site, batch.no_sessions, _filters_ip(batch), idempotency_key)
        for index, raw in enumerate(raw_hits):
            try:
                self._take(request, index, raw)
            except HitError as error:
                request.outcome.errors[str(index)] = str(error)
                request.outcome.tally("invalid")
        return request.outcome

    def _take(self, request: "_Request", index: int, raw: msgspec.Raw) -> None:
        sent = _decode_hit(raw)
        _check(sent)
        sent.ip = plain_address(sent.ip) if sent.ip else None
        outcome = request.outcome
        if request.filters_ip and sent.ip and request.site.ignores(sent.ip):
            outcome.filtered.append(index)
            outcome.tally("filtered")
        elif (code := _robot(sent)) > 0:
            outcome.tally(f"bot: {bot_reason(code)}")
        else:
            outcome.hits.append(self._hit(request, index, sent))

    def _hit(self, request: "_Request", index: int, sent: ApiHit) -> Hit:
        current, before = self._session(request.site, sent)
        if not current:
            request.note_missing_session()
        agent = describe(sent.user_agent or "")
        return Hit(
            path=sent.path or "",
            title=sent.title or "",
            ref=sent.ref or "",
            query=sent.query or "",
            event=_boolean(sent.event),
            width=_width(sent.size),
            browser=agent.browser,
            browser_version=agent.browser_version,
            system=agent.system,
            system_version=agent.system_version,
            location=(sent.location or "").strip().upper() or self.locator.locate(sent.ip or ""),
            language=language_of(sent.language or ""),
            created_at=self._created_at(sent.created_at),
            visitor=current,
            visitor_before=before,
            once=once_key("hit", sent.id) if sent.id else request.once(index),
        )

    def _session(self, site: SiteRef, sent: ApiHit) -> tuple[bytes, bytes]:
        if sent.session:
            return self.visitors.by_session(site.id, sent.session)
        if sent.user_agent and sent.ip:
            return self.visitors.by_address(site.id, sent.ip, sent.user_agent)
        return b"", b""

    def _created_at(self, at: datetime | None) -> int:
        """Seconds; 0 for "now". The contract asks for RFC 3339, so a time without zone is refused."""
        if at is None or at == _ZERO_TIME:
            return 0
        seconds = math.floor(at.timestamp())
        if seconds <= 0:  # 0 stands for "now" in the journal
            raise HitError("created_at: must be after 1970-01-01.")
        if seconds > self.clock() + FUTURE_SECONDS:
            raise HitError("created_at: in the future.")
        return seconds


def _decode(body: bytes) -> Batch:
    if not body.strip():
        raise GoatapiError("no hits")
    try:
        return _decode_strictly(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        strict = lenient_json(body, error)
    return _decode_strictly(strict)


def _decode_strictly(body: bytes) -> Batch:
    try:
        return _batches.decode(body)
    except msgspec.ValidationError as error:
        raise GoatapiError(_whole_text(str(error))) from None


def _whole_text(text: str) -> str:
    """msgspec's sentence about the whole, in the contract's words."""
    if "unknown field" in text:
        return f'unknown parameter: "{_quoted(text)}"'
    return f"invalid JSON: {text}"


def _decode_hit(raw: msgspec.Raw) -> ApiHit:
    try:
        sent = _hits.decode(raw)
    except msgspec.ValidationError as error:
        raise HitError(_hit_text(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HitError(f"invalid JSON: {error}") from None
    if sent.created_at is not None and sent.created_at.tzinfo is None:
        raise HitError("created_at: must be a time as RFC 3339, with its zone.")
    return sent


def _hit_text(text: str) -> str:
    if "unknown field" in text:
        return f'unknown parameter: "{_quoted(text)}"'
    reason, _, place = text.partition(" - at `$")
    name = place.strip("`.").partition("[")[0]
    return f"{name}: {reason[0].lower()}{reason[1:]}." if name else f"{reason}."


def _quoted(text: str) -> str:
    return text.partition("`")[2].partition("`")[0]


def _check_count(raw_hits: Sequence[msgspec.Raw]) -> None:
    if not raw_hits:
        raise GoatapiError("no hits")
    if len(raw_hits) > MAX_HITS:
        raise GoatapiError(f"maximum amount of pageviews in one batch is {MAX_HITS}")


def _filters_ip(batch: Batch) -> bool:
    if batch.filter is msgspec.UNSET or batch.filter is None:
        return True
    unknown = [name for name in batch.filter if name != "ip"]
    if unknown:
        raise GoatapiError(f"unknown value in Filter: [{' '.join(unknown)}]")
    return bool(batch.filter)


def _check(sent: ApiHit) -> None:
    path = sent.path or ""
    problems = text_problems(
        path=path,
        title=sent.title or "",
        ref=sent.ref or "",
        query=sent.query or "",
        user_agent=sent.user_agent or "",
    )
    if problems:
        raise HitError(problems.strip())
    if len(sent.ip or "") > MAX_IP:  # such texts are remembered: they must stay small
        raise HitError("ip: must be a valid IPv4 or IPv6 address.")
    if len(sent.language or "") > MAX_LANGUAGE:
        raise HitError(f"language: must be shorter than {MAX_LANGUAGE} characters.")
    if len(sent.location or "") > MAX_LOCATION or "\0" in (sent.location or ""):
        raise HitError("location: must be a country or region code, such as NL or US-TX.")
    if sent.id is not None and len(sent.id) > MAX_ID:
        raise HitError(f"id: must be shorter than {MAX_ID} characters.")


def _robot(sent: ApiHit) -> int:
    """The bot code; without a user agent the caller's hint alone (no user agent is no robot here)."""
    hint = sent.bot or 0
    return robot(sent.user_agent, hint) if sent.user_agent else hint


def _boolean(value: bool | int | str | None) -> bool:
    if value is None or value in (0, 1):
        return bool(value)
    word = value.lower() if isinstance(value, str) else ""
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise HitError("event: must be a boolean.")


def _width(size: object) -> int:
    try:
        return screen_width(size)  # type: ignore[arg-type]  # the decoder let only its types through
    except ValueError as error:
        raise HitError(f"size: {error}.") from None
