"""The storage seam in plain memory: an honest twin for tests. A transaction works on a copy."""

import copy
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from secrets import token_bytes
from threading import RLock
from typing import cast

from storage.types import (
    ALWAYS,
    ROLLUPS,
    SALT_SECONDS,
    SEEN_SECONDS,
    SESSION_SECONDS,
    Census,
    Difference,
    Pageview,
    PathKey,
    Salt,
    Session,
    Shape,
    ShapedRows,
    Shapes,
    Span,
    StoredHit,
)

Group = tuple[object, ...]


@dataclass(slots=True)
class _Site:
    revision: int = 0
    last_hit_id: int = 0
    first_hit_at: int | None = None
    seen: dict[bytes, int] = field(default_factory=dict)
    paths: list[PathKey] = field(default_factory=list)
    spellings: dict[Group, tuple[str, ...]] = field(default_factory=dict)
    sessions: dict[bytes, Session] = field(default_factory=dict)
    hits: dict[int, Pageview] = field(default_factory=dict)
    rollups: dict[str, Counter[Group]] = field(
        default_factory=lambda: {name: Counter() for name in ROLLUPS}
    )
    tallies: Counter[tuple[int, str]] = field(default_factory=Counter)

    def path_id(self, asked: PathKey) -> int:
        """The id of a path; ids are places in the list, from 1."""
        path, title = _clean(asked.path), _clean(asked.title)
        for n, known in enumerate(self.paths):
            if known.path.lower() == path.lower():
                self.paths[n] = PathKey(known.path, title or known.title, known.event)
                return n + 1
        self.paths.append(PathKey(path, title, asked.event))
        return len(self.paths)

    def first_spelling(self, kind: str, text: str, *rest: str) -> tuple[str, ...]:
        """How `text` was written when it came first."""
        clean = tuple(map(_clean, (text, *rest)))
        return self.spellings.setdefault((kind, clean[0].lower(), *clean[1:]), clean)

    def recounted(self) -> dict[str, Counter[Group]]:
        """The rollups as the rows say they should be."""
        anew = _Site(paths=self.paths)
        for pageview in self.hits.values():
            if pageview.first_visit:
                anew.count(pageview)
        return anew.rollups

    def count(self, p: Pageview) -> None:
        """Into the rollups, by the written-out rule of each."""
        at = (p.created_at // 3600, self.paths[p.path_id - 1].path)
        ref = (p.ref, p.ref_scheme)
        self.rollups["hit_counts"][at] += 1
        self.rollups["ref_counts"][(*at, *ref)] += 1
        self.rollups["location_stats"][(*at, p.location)] += 1
        self.rollups["language_stats"][(*at, p.language)] += 1
        self.rollups["size_stats"][(*at, p.width)] += 1
        if p.browser:
            self.rollups["browser_stats"][(*at, p.browser, p.browser_version)] += 1
        if p.system:
            self.rollups["system_stats"][(*at, p.system, p.system_version)] += 1
        if p.campaign:
            self.rollups["campaign_stats"][(*at, p.campaign, *ref)] += 1


@dataclass(slots=True)
class _State:
    sites: dict[int, _Site] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)


class MemoryTransaction:
    """Keeps `storage.protocols.Transaction` on a copy of everything."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._locked: dict[int, _Site] = {}

    def lock(self, site_ids: Iterable[int]) -> dict[int, int]:
        """See the protocol."""
        wanted = sorted(set(site_ids) - self._locked.keys())
        if wanted and self._locked and wanted[0] < max(self._locked):
            raise RuntimeError("sites have to be locked in ascending order")
        for site_id in wanted:
            self._locked[site_id] = self._state.sites.setdefault(site_id, _Site())
            self._locked[site_id].revision += 1
        return {site_id: self._locked[site_id].revision - 1 for site_id in wanted}

    def unseen(self, site_id: int, keys: Sequence[bytes], *, now: int) -> set[bytes]:
        """See the protocol."""
        seen, since = self._site(site_id).seen, now - SEEN_SECONDS
        fresh = {key for key in keys if seen.get(key, since) <= since}
        seen.update(dict.fromkeys(keys, now))
        return fresh

    def unseen_of(self, keys: Mapping[int, Sequence[bytes]], *, now: int) -> dict[int, set[bytes]]:
        """See the protocol."""
        return {site_id: self.unseen(site_id, some, now=now) for site_id, some in keys.items()}

    def path_ids(self, site_id: int, paths: Sequence[PathKey]) -> list[int]:
        """See the protocol."""
        return [self._site(site_id).path_id(path) for path in paths]

    def path_ids_of(self, paths: Mapping[int, Sequence[PathKey]]) -> dict[int, list[int]]:
        """See the protocol."""
        return {site_id: self.path_ids(site_id, some) for site_id, some in paths.items()}

    def sessions(self, site_id: int, keys: Iterable[bytes]) -> list[Session]:
        """See the protocol."""
        wanted = set(keys)
        kept = self._site(site_id).sessions.values()
        return [copy.deepcopy(session) for session in kept if session.key in wanted]

    def sessions_of(self, keys: Mapping[int, Iterable[bytes]]) -> dict[int, list[Session]]:
        """See the protocol."""
        return {site_id: self.sessions(site_id, some) for site_id, some in keys.items()}

    def save_sessions(self, site_id: int, sessions: Iterable[Session]) -> None:
        """See the protocol."""
        saved = {session.session: copy.deepcopy(session) for session in sessions}
        self._site(site_id).sessions.update(saved)

    def append(
        self, site_id: int, pageviews: Sequence[Pageview], *, keep_rows: Sequence[bool]
    ) -> int:
        """See the protocol."""
        site = self._site(site_id)
        for pageview, keep in zip(pageviews, keep_rows, strict=True):
            stored = _stored(site, pageview)
            if keep:
                site.last_hit_id += 1
                site.hits[site.last_hit_id] = stored
            if stored.first_visit:
                site.count(stored)
            oldest = stored.created_at if site.first_hit_at is None else site.first_hit_at
            site.first_hit_at = min(oldest, stored.created_at)
        return site.last_hit_id

    def tally(self, site_id: int, day: int, reason: str, count: int) -> None:
        """See the protocol."""
        self._site(site_id).tallies[day, _clean(reason)] += count

    def move(self, segment: str, position: int) -> None:
        """See the protocol."""
        self._state.positions[segment] = position

    def _site(self, site_id: int) -> _Site:
        if site_id not in self._locked:
            raise RuntimeError(f"site {site_id} is not locked")
        return self._locked[site_id]


class MemoryStorage:
    """Ledger and Vault at once, in one process."""

    def __init__(self) -> None:
        self._state = _State()
        self._salts: list[Salt] = []
        self._mutex = RLock()

    def alone(self) -> AbstractContextManager[None]:
        """See the protocol."""
        return nullcontext()

    def version(self) -> str:
        """See the protocol."""
        return "memory"

    @property
    def ledger(self) -> "MemoryStorage":
        """This object: it keeps the protocol `Ledger`."""
        return self

    @property
    def vault(self) -> "MemoryStorage":
        """This object: it keeps the protocol `Vault`."""
        return self

    @property
    def audit(self) -> "MemoryStorage":
        """This object: it keeps the protocol `Audit`."""
        return self

    def site_ids(self) -> list[int]:
        """See the protocol."""
        return sorted(self._state.sites)

    def census(self, site_id: int) -> Census:
        """See the protocol."""
        site = self._site(site_id)
        return Census(
            last_hit_id=site.last_hit_id,
            rows=len(site.hits),
            max_hit_id=max(site.hits, default=0),
            counted=sum(n for (_, reason), n in site.tallies.items() if reason == "counted"),
            behind={},
            differences=_differences(site.rollups, site.recounted()),
        )

    def first_gap(self, site_id: int) -> int | None:
        """See the protocol."""
        site = self._site(site_id)
        ids = range(1, site.last_hit_id + 1)
        return next((hit_id for hit_id in ids if hit_id not in site.hits), None)

    def recount(self, site_id: int) -> None:
        """See the protocol."""
        with self._mutex:
            self._site(site_id).rollups = self._site(site_id).recounted()

    def nameless(self, site_id: int) -> dict[str, int]:
        """See the protocol. Rows have their texts in them."""
        del site_id
        return {}

    def catch_up(self, site_id: int) -> None:
        """See the protocol. Nobody comes behind this one's back."""

    @contextmanager
    def begin(self, *, rehearsal: bool = False) -> Iterator[MemoryTransaction]:
        """See the protocol."""
        with self._mutex:
            state = copy.deepcopy(self._state)
            yield MemoryTransaction(state)
            if not rehearsal:
                self._state = state

    def positions(self, prefix: str) -> dict[str, int]:
        """See the protocol."""
        return {name: at for name, at in self._state.positions.items() if name.startswith(prefix)}

    def forget_segment(self, segment: str) -> None:
        """See the protocol."""
        self._state.positions.pop(segment, None)

    def tallies(self, site_id: int) -> dict[tuple[int, str], int]:
        """See the protocol."""
        return dict(self._site(site_id).tallies)

    def salts(self, *, now: int) -> tuple[Salt, Salt]:
        """See the protocol."""
        with self._mutex:
            salts = self._salts
            age = abs(now - salts[0].created_at) if salts else 2 * SALT_SECONDS
            number = salts[0].number if salts else 0
            if age >= 2 * SALT_SECONDS:
                self._salts = [_salt(number + 2, now), _salt(number + 1, now)]
            elif age >= SALT_SECONDS:
                self._salts = [_salt(number + 1, now), salts[0]]
            return self._salts[0], self._salts[1]

    def purge_short_lived(self, *, now: int) -> None:
        """See the protocol."""
        for site in self._state.sites.values():
            site.seen = {k: at for k, at in site.seen.items() if at >= now - SEEN_SECONDS}
            site.sessions = {
                token: session
                for token, session in site.sessions.items()
                if session.touched_at >= now - SESSION_SECONDS
            }

    def visible_upto(self, site_id: int) -> int:
        """See the protocol."""
        return self._site(site_id).last_hit_id

    def scan(
        self, site_id: int, *, after: int, upto: int, within: Span = ALWAYS, limit: int = 5000
    ) -> Iterator[list[StoredHit]]:
        """See the protocol."""
        for ids in self._lists(site_id, after, upto, limit):
            yield self._within(site_id, ids, within)

    def scan_shaped(
        self,
        site_id: int,
        shapes: Shapes[Shape],
        *,
        after: int,
        upto: int,
        within: Span = ALWAYS,
        limit: int = 5000,
    ) -> Generator[ShapedRows[Shape], None, None]:
        """See the protocol. Nothing is shaped once only."""
        for ids in self._lists(site_id, after, upto, limit):
            yield _shaped(self._within(site_id, ids, within), ids[-1], shapes)

    def rollup(self, site_id: int, name: str) -> Mapping[Group, int]:
        """See the protocol."""
        if name not in ROLLUPS:
            raise ValueError(f"no rollup is called {name!r}")
        return dict(self._site(site_id).rollups[name])

    def first_hit_at(self, site_id: int) -> int | None:
        """See the protocol."""
        return self._site(site_id).first_hit_at

    def visits(self, site_id: int, *, path: str | None, since: int, before: int) -> int:
        """See the protocol."""
        return sum(
            count
            for (hour, its_path), count in self._site(site_id).rollups["hit_counts"].items()
            if since <= cast(int, hour) < before
            and (path is None or cast(str, its_path).lower() == path.lower())
        )

    def _lists(self, site_id: int, after: int, upto: int, limit: int) -> Iterator[list[int]]:
        ids = [hit_id for hit_id in self._site(site_id).hits if after < hit_id <= upto]
        for start in range(0, len(ids), limit):
            yield ids[start : start + limit]

    def _within(self, site_id: int, ids: list[int], within: Span) -> list[StoredHit]:
        hits = [_read(self._site(site_id), hit_id) for hit_id in ids]
        return [hit for hit in hits if within.holds(hit.created_at)]

    def _site(self, site_id: int) -> _Site:
        return self._state.sites.get(site_id) or _Site()


def _differences(
    kept: Mapping[str, Counter[Group]], recount: Mapping[str, Counter[Group]]
) -> list[Difference]:
    found = []
    for name, counts in kept.items():
        surplus, missing = counts - recount[name], recount[name] - counts
        for hour in sorted({cast(int, group[0]) for group in surplus + missing}):
            numbers = [_in_hour(counts, hour) for counts in (surplus, missing)]
            found.append(Difference(name, hour, *numbers))
    return found


def _in_hour(counts: Counter[Group], hour: int) -> int:
    return sum(count for group, count in counts.items() if group[0] == hour)


def _stored(site: _Site, p: Pageview) -> Pageview:
    """`p` as it will be read back: first spellings, no version without a name."""
    stored = copy.copy(p)
    stored.ref, stored.ref_scheme = site.first_spelling("ref", p.ref, p.ref_scheme)
    (stored.campaign,) = site.first_spelling("campaign", p.campaign)
    stored.browser, stored.system = _clean(p.browser), _clean(p.system)
    stored.browser_version = _clean(p.browser_version) if stored.browser else ""
    stored.system_version = _clean(p.system_version) if stored.system else ""
    stored.location, stored.language = _clean(p.location), _clean(p.language)
    stored.width = p.width if 0 <= p.width < 2**31 else 0
    return stored


def _read(site: _Site, hit_id: int) -> StoredHit:
    p, path = site.hits[hit_id], site.paths[site.hits[hit_id].path_id - 1]
    return StoredHit(
        hit_id=hit_id,
        path=path.path,
        title=path.title,
        event=path.event,
        **{name: getattr(p, name) for name in StoredHit.__struct_fields__[4:]},
    )


def _shaped(hits: list[StoredHit], upto: int, shapes: Shapes[Shape]) -> ShapedRows[Shape]:
    campaign, language = shapes.campaign, shapes.language
    return ShapedRows(
        count=len(hits),
        upto=upto,
        hit_ids=[str(h.hit_id) for h in hits] if shapes.hit_ids else [],
        paths=[shapes.path(h.path, h.title, h.event) for h in hits],
        refs=[shapes.ref(h.ref, h.ref_scheme) for h in hits],
        campaigns=[campaign(h.campaign) for h in hits] if campaign else [],
        browsers=[shapes.browser(h.browser, h.browser_version) for h in hits],
        systems=[shapes.system(h.system, h.system_version) for h in hits],
        widths=[shapes.width(h.width) for h in hits],
        locations=[shapes.location(h.location) for h in hits],
        languages=[language(h.language) for h in hits] if language else [],
        sessions=[h.session.hex() for h in hits],
        first_visits=[shapes.first_visit(h.first_visit) for h in hits],
        hours=[shapes.hour(h.created_at // 3600) for h in hits],
        seconds=[shapes.second(h.created_at % 3600) for h in hits],
    )


def _salt(number: int, now: int) -> Salt:
    return Salt(number, token_bytes(32), now)


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()
