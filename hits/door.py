"""The door for `/count`: from a request's few facts to a journal record and an answer.

Both ways in (the web server's callable and the plain Django view) call `Door.take`; there is no
second room behind it. Order of steps and texts: part 3.1.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from goatapi.errors import Unavailable
from hits import records
from hits.bots import bot_code, bot_reason, is_prefetch
from hits.geo import Locator
from hits.journal import Journal
from hits.language import language_of
from hits.parse import MAX_USER_AGENT, Refused, Sent, parse_count
from hits.records import Frame, Hit
from hits.tallies import Tallies
from hits.useragent import describe
from hits.visitors import Visitors
from hits.window import FloodWindow, Taken
from sites.tenancy import SiteRef

GIF = bytes.fromhex(
    "47494638396101000100800100000000ffffff21f904010a0001002c00000000010001000002024c01003b"
)

MAX_LANGUAGE = 128
"""Characters of Accept-Language that are looked at: the first tag, usually, and what is remembered."""

Headers = list[tuple[str, str]]

HEADERS: Headers = [
    ("content-type", "image/gif"),
    ("access-control-allow-origin", "*"),
    (
        "access-control-expose-headers",
        "X-Goatcounter, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, "
        "X-Rate-Limit-Reset, Retry-After",
    ),
    ("cross-origin-resource-policy", "cross-origin"),
    ("cache-control", "no-store,no-cache"),
    ("strict-transport-security", "max-age=7776000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "deny"),
]


class Visit(msgspec.Struct, frozen=True, gc=False):
    """The facts of one request that `/count` looks at."""

    query: str
    ip: str
    user_agent: str = ""
    accept_language: str = ""
    x_moz: str = ""
    x_purpose: str = ""
    purpose: str = ""
    sec_purpose: str = ""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Status, headers and body; `ticket` is to be waited for in the journal before it is sent (0: not)."""

    status: int
    headers: Headers
    body: bytes = GIF
    ticket: int = 0


@dataclass(slots=True)
class Door:
    """Everything `/count` needs; made once for the process by `hits.runtime`."""

    journal: Journal
    visitors: Visitors
    window: FloodWindow
    tallies: Tallies
    locator: Locator
    clock: Callable[[], float] = time.time

    def take(self, site: SiteRef, visit: Visit) -> Reply:
        """Count `visit` for `site`, or say why not. Never raises for anything the client sent."""
        # Hashed, so that neither long headers nor anybody's user agent stay in memory.
        taken = self.window.take(hash((site.id, visit.ip, visit.user_agent)))
        if taken and not taken.ok:
            self.tallies.add(site.id, "rate-limited")
            return _too_many(taken)
        try:
            ticket = self._count(site, visit)
        except Refused as refusal:
            self.tallies.add(site.id, "invalid")
            return _reply(400, taken, str(refusal))
        except _Ignored as ignored:
            self.tallies.add(site.id, ignored.reason)
            return _reply(ignored.status, taken, ignored.text)
        except Unavailable as error:
            return unavailable(error)
        return _reply(200, taken, ticket=ticket)

    def _count(self, site: SiteRef, visit: Visit) -> int:
        if is_prefetch(visit.x_moz, visit.x_purpose, visit.purpose, visit.sec_purpose):
            raise _Ignored("prefetch")
        if site.ignores(visit.ip):
            text = f'ignored because "{visit.ip}" is in the IP ignore list'
            raise _Ignored("ignored", status=202, text=text)
        sent = parse_count(visit.query)
        if len(visit.user_agent) > MAX_USER_AGENT:
            raise Refused(
                f"not valid: user_agent_header: must be shorter than {MAX_USER_AGENT} characters."
            )
        if code := robot(visit.user_agent, sent.bot):
            raise _Ignored(f"bot: {bot_reason(code)}")
        frame = Frame(site.id, int(self.clock()), [self._hit(site, visit, sent)])
        return self.journal.append(records.encode(frame))

    def _hit(self, site: SiteRef, visit: Visit, sent: Sent) -> Hit:
        agent = describe(visit.user_agent)
        current = before = b""
        if not sent.no_session:
            current, before = self.visitors.by_address(site.id, visit.ip, visit.user_agent)
        return Hit(  # by position: by name it takes five times as long
            sent.path,
            sent.title,
            sent.ref,
            sent.query,
            sent.event,
            sent.width,
            agent.browser,
            agent.browser_version,
            agent.system,
            agent.system_version,
            self.locator.locate(visit.ip),
            language_of(visit.accept_language[:MAX_LANGUAGE]),
            0,
            current,
            before,
        )


class _Ignored(Exception):
    """A request that is in order but is not to be counted."""

    def __init__(self, reason: str, *, status: int = 200, text: str = "") -> None:
        super().__init__(reason)
        self.reason, self.status, self.text = reason, status, text


def robot(user_agent: str, hint: int) -> int:
    """The bot code of a request, 0 for people: what the user agent tells wins over the client's hint."""
    code = bot_code(user_agent)
    return code if code > 1 else hint


def unavailable(error: Unavailable) -> Reply:
    """503: the client may come again, nothing was counted."""
    extra = [("retry-after", str(error.retry_after)), ("x-goatcounter", error.message)]
    return Reply(503, HEADERS + extra)


def _reply(status: int, taken: Taken | None, text: str = "", ticket: int = 0) -> Reply:
    headers = HEADERS
    if taken:
        headers = headers + _limits(taken)
    if text:
        headers = [*headers, ("x-goatcounter", _header_text(text))]
    return Reply(status, headers, GIF, ticket)


def _too_many(taken: Taken) -> Reply:
    headers = HEADERS[1:] + _limits(taken)
    headers += [("content-type", "text/plain; charset=utf-8"), ("retry-after", str(taken.reset))]
    text = f"rate limited exceeded; try again in {taken.reset}s\n"
    return Reply(429, headers, body=text.encode())


def _limits(taken: Taken) -> Headers:
    return [
        ("x-rate-limit-limit", str(taken.limit)),
        ("x-rate-limit-remaining", str(taken.remaining)),
        ("x-rate-limit-reset", str(taken.reset)),
    ]


def _header_text(text: str) -> str:
    """What a client sent must not end the header line, nor leave Latin-1."""
    return "".join(c if " " <= c <= "~" else "?" for c in " ".join(text.split()))
