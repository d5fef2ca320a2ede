"""Reads the body of `POST /api/v0/count`: each hit on its own, so that a bad one costs only itself."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from goatapi.errors import GoatapiError
from goatapi.http.client_ip import plain_address
from hits.bots import bot_reason
from hits.door import robot
from hits.geo import Locator
from hits.language import language_of
from hits.parse import FALSE, TRUE
from hits.records import Hit
from hits.sent import ApiHit, Batch, HitError, read_batch, read_hit
from hits.size import screen_width
from hits.useragent import describe
from hits.visitors import Visitors, once_key
from sites.tenancy import SiteRef

FUTURE_SECONDS = 5
NO_SESSION = (
    "session or browser/IP not set; use no_sessions if you don't want to track unique visits"
)
_ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)


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
        batch = read_batch(body)
        request = _Request(site, batch.no_sessions, _filters_ip(batch), idempotency_key)
        for index, given in enumerate(batch.hits or ()):
            try:
                self._take(request, index, read_hit(given))
            except HitError as error:
                request.outcome.errors[str(index)] = str(error)
                request.outcome.tally("invalid")
        return request.outcome

    def _take(self, request: _Request, index: int, sent: ApiHit) -> None:
        outcome = request.outcome
        if sent.ip:
            sent.ip = plain_address(sent.ip)
            if request.filters_ip and sent.ip and request.site.ignores(sent.ip):
                outcome.filtered.append(index)
                outcome.tally("filtered")
                return
        if (code := _robot(sent)) > 0:
            outcome.tally(f"bot: {bot_reason(code)}")
        else:
            outcome.hits.append(self._hit(request, index, sent))

    def _hit(self, request: _Request, index: int, sent: ApiHit) -> Hit:
        current, before = self._session(request.site, sent)
        if not current:
            request.note_missing_session()
        agent = describe(sent.user_agent or "")
        return Hit(  # by position: by name it takes five times as long, a fifth of all that is done here
            sent.path or "",
            sent.title or "",
            sent.ref or "",
            sent.query or "",
            _boolean(sent.event),
            _width(sent.size),
            agent.browser,
            agent.browser_version,
            agent.system,
            agent.system_version,
            (sent.location or "").strip().upper() or self.locator.locate(sent.ip or ""),
            language_of(sent.language or ""),
            self._created_at(sent.created_at),
            current,
            before,
            once_key("hit", sent.id) if sent.id else request.once(index),
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


def _filters_ip(batch: Batch) -> bool:
    if batch.filter is msgspec.UNSET or batch.filter is None:
        return True
    unknown = [name for name in batch.filter if name != "ip"]
    if unknown:
        raise GoatapiError(f"unknown value in Filter: [{' '.join(unknown)}]")
    return bool(batch.filter)


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
