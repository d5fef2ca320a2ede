"""Sessions and first visits, resolved in the drain under the lock of the site.

A session's window goes by the hits' own `created_at`: 8 h after its last hit, 24 h in all (design,
"sessions"), so a backfill of a year sent within a minute makes the sessions of that year. A record
carries its visitor's hash under the current and the previous salt: a session found by the latter
moves on to the former.
"""

import secrets
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from storage.protocols import Transaction
from storage.types import Session

GAP = 8 * 3600
LONGEST = 24 * 3600
TOKEN_BYTES = 16
MAX_KNOWN = 300_000
"""Sessions remembered over all sites before the memory is emptied; the ledger knows them all."""


class Visit(msgspec.Struct, frozen=True, gc=False):
    """One pageview of a visitor: hashes (b"" for none), path id, seconds."""

    visitor: bytes
    before: bytes
    path_id: int
    at: int


NONE: list[Session] = []
"""The sessions of every key that has none; nobody adds to it."""

Outcome = tuple[bytes, bool]
"""(session, first visit)."""


@dataclass(slots=True)
class _Site:
    """What is remembered of one site: sessions by key, each key's in the order of their start;
    keys known to have none included."""

    revision: int
    by_key: dict[bytes, list[Session]] = field(default_factory=dict)

    def add(self, session: Session) -> None:
        """Remember `session` under its key."""
        if known := self.by_key.get(session.key):
            insort(known, session, key=_start)
        else:
            self.by_key[session.key] = [session]

    def remove(self, session: Session) -> None:
        """Forget it there: its key or its start is to change."""
        sessions = self.by_key[session.key]
        at = bisect_left(sessions, session.started_at, key=_start)
        while sessions[at] is not session:
            at += 1
        del sessions[at]

    def near(self, key: bytes, at: int) -> list[Session]:
        """The few of a key's sessions that a visit at `at` may belong to."""
        sessions = self.by_key.get(key, [])
        if len(sessions) <= 2:
            return sessions
        first = bisect_left(sessions, at - LONGEST, key=_start)
        return sessions[first : bisect_left(sessions, at + GAP, lo=first, key=_start)]


class Sessions:
    """Assigns sessions; remembers them between transactions while nobody else has written the site.

    Within one transaction: `open`, then `assign`; after it `settle`, or `forget` if it failed.
    """

    def __init__(self) -> None:
        self._sites: dict[int, _Site] = {}
        self._known = 0
        self._tokens = _tokens()

    def open(self, revisions: Mapping[int, int]) -> None:
        """The transaction has locked these sites; `revisions` is what `Transaction.lock` gave.

        What is remembered of a site counts only if its revision is the one that `settle` left. This is
        asked for every locked site, also one without pageviews: `settle` would make old memories young.
        """
        if self._known > MAX_KNOWN:
            self._sites.clear()
            self._known = 0
        for site_id, revision in revisions.items():
            if site_id in self._sites and self._sites[site_id].revision != revision:
                del self._sites[site_id]

    def assign(
        self,
        tx: Transaction,
        revisions: Mapping[int, int],
        visits: Mapping[int, Sequence[Visit]],
        *,
        now: int,
    ) -> dict[int, list[Outcome]]:
        """Site id → session and first visit of each of its `visits`, in their order; stored through `tx`."""
        self._load(tx, revisions, visits)
        outcomes = {}
        for site_id, some in visits.items():
            step = _Step(self._sites[site_id], now, self._tokens)
            outcomes[site_id] = [step.take(visit) for visit in some]
            tx.save_sessions(site_id, step.touch())
            self._known += step.started
        return outcomes

    def settle(self, revisions: Mapping[int, int]) -> None:
        """The transaction was committed, and with it each site's count went up by one."""
        for site_id, revision in revisions.items():
            if site_id in self._sites:
                self._sites[site_id].revision = revision + 1

    def forget(self, site_ids: Iterable[int]) -> None:
        """The transaction failed: what is remembered of these sites may be wrong."""
        for site_id in site_ids:
            self._sites.pop(site_id, None)

    def _load(
        self,
        tx: Transaction,
        revisions: Mapping[int, int],
        visits: Mapping[int, Sequence[Visit]],
    ) -> None:
        """Have the sessions of all keys in `visits` remembered: one question for all sites."""
        unknown: dict[int, set[bytes]] = {}
        for site_id, some in visits.items():
            site = self._sites.setdefault(site_id, _Site(revisions[site_id]))
            keys = {visit.visitor for visit in some} | {visit.before for visit in some}
            # Not `keys - by_key.keys()`: that walks all that is remembered.
            if missing := keys.difference(site.by_key, (b"",)):
                unknown[site_id] = missing
                site.by_key.update(dict.fromkeys(missing, NONE))
                self._known += len(missing)
        if not unknown:
            return
        for site_id, sessions in tx.sessions_of(unknown).items():
            for session in sessions:
                self._sites[site_id].add(session)
            self._known += len(sessions)


class _Step:
    """One transaction's worth of assigning in one site."""

    def __init__(self, site: _Site, now: int, tokens: Iterator[bytes]) -> None:
        self._site = site
        self._now = now
        self._tokens = tokens
        self.changed: dict[bytes, Session] = {}
        self.started = 0

    def touch(self) -> Iterable[Session]:
        """Have the sessions with new hits live on; gives them."""
        for session in self.changed.values():
            session.touched_at = self._now
        return self.changed.values()

    def take(self, visit: Visit) -> Outcome:
        """Session and first visit of the next one."""
        if not visit.visitor:
            return b"", True
        session = self._only(visit) or self._find(visit) or self._start(visit)
        session.last_at = max(session.last_at, visit.at)
        token = session.session
        self.changed[token] = session
        if visit.path_id in session.paths:
            return token, False
        session.paths.add(visit.path_id)
        return token, True

    def _only(self, visit: Visit) -> Session | None:
        """What `_find` gives for nearly every visit, without its lists: the key's one session, going on."""
        known = self._site.by_key.get(visit.visitor)
        if known is None or len(known) != 1:
            return None
        session, at = known[0], visit.at
        lasted = at - session.started_at
        return session if 0 <= lasted <= LONGEST and at < session.last_at + GAP else None

    def _find(self, visit: Visit) -> Session | None:
        for key in (visit.visitor, visit.before):
            near = self._site.near(key, visit.at)
            if near and (fitting := [s for s in near if _fits(s, visit.at)]):
                session = fitting[0]
                if len(fitting) > 1:
                    session = min(fitting, key=lambda s: _rank(s, visit.at))
                if session.key != visit.visitor or visit.at < session.started_at:
                    self._move(session, visit)
                return session
        return None

    def _move(self, session: Session, visit: Visit) -> None:
        self._site.remove(session)
        session.key = visit.visitor
        session.started_at = min(session.started_at, visit.at)
        self._site.add(session)

    def _start(self, visit: Visit) -> Session:
        at = visit.at
        session = Session(visit.visitor, next(self._tokens), at, at, self._now, set())
        self._site.add(session)
        self.started += 1
        return session


def _tokens() -> Iterator[bytes]:
    """Random names for sessions, asked of the kernel by the hundred."""
    while True:
        some = secrets.token_bytes(100 * TOKEN_BYTES)
        for at in range(0, len(some), TOKEN_BYTES):
            yield some[at : at + TOKEN_BYTES]


def _start(session: Session) -> int:
    return session.started_at


def _fits(session: Session, at: int) -> bool:
    start, last = min(session.started_at, at), max(session.last_at, at)
    near = session.started_at - GAP < at < session.last_at + GAP
    return near and last - start <= LONGEST


def _rank(session: Session, at: int) -> tuple[int, int, int]:
    """Of sessions that fit the nearest comes first: 0 is one that was going on at that time.

    The rest of the order only sees to it that what memory and ledger say is the same.
    """
    away = max(session.started_at - at, at - session.last_at, 0)
    return away, -session.last_at, -session.started_at
