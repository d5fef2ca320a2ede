"""From journal frames to the storage: cleaning, switches, sessions, rows and rollups in one transaction."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from goatapi.http import metrics
from hits import collect
from hits.campaign import campaign_of
from hits.paths import clean_path, is_noise
from hits.records import Frame, Hit
from hits.referrer import clean_referrer, is_refspam
from hits.sessions import Outcome, Sessions, Visit
from sites.tenancy import SiteRef
from storage.protocols import Ledger, Transaction
from storage.types import Pageview, PathKey

DAY = 86400
COUNTED = "counted"


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """A hit with its time, and its cleaned path."""

    hit: Hit
    at: int
    path: PathKey


class Part:
    """What one transaction brings to one site: hits worth keeping, and counters, each written once."""

    def __init__(self, site: SiteRef) -> None:
        self.site = site
        self.arrived: list[Arrived] = []
        self.tallies: Counter[tuple[int, str]] = Counter()

    def add(self, frame: Frame) -> None:
        """One more frame: its paths are cleaned, what is no pageview goes no further."""
        day = frame.arrived_at // DAY
        for reason, count in frame.tallies.items():
            self.tallies[day, reason] += count
        for hit in frame.hits:
            path = _path_of(hit.path, hit.title, hit.event)
            if path is None:
                self.tallies[day, "invalid"] += 1
            elif hit.ref and is_refspam(hit.ref):
                self.tallies[day, "refspam"] += 1
            else:
                self.arrived.append(Arrived(hit, hit.created_at or frame.arrived_at, path))

    def once_keys(self) -> list[bytes]:
        """The keys that make resends known, without repeats."""
        return list(dict.fromkeys(item.hit.once for item in self.arrived if item.hit.once))

    def keep_unseen(self, unseen: set[bytes], day: int) -> None:
        """Drop what was counted before: of hits that carry the same key the first one stands."""
        fresh = []
        for item in self.arrived:
            once = item.hit.once
            if not once or once in unseen:
                fresh.append(item)
                unseen.discard(once)
        if repeats := len(self.arrived) - len(fresh):
            self.tallies[day, "duplicate"] += repeats
        if fresh:
            self.tallies[day, COUNTED] += len(fresh)
        self.arrived = fresh

    def dropped(self) -> Counter[str]:
        """Reason → how many were not counted, whoever has found it out."""
        reasons: Counter[str] = Counter()
        for (_, reason), count in self.tallies.items():
            if reason != COUNTED:
                reasons[reason] += count
        return reasons

    def visits(self, path_ids: Sequence[int]) -> list[Visit]:
        """What the sessions are to know of the hits."""
        if not self.site.collect & collect.SESSIONS:
            return [Visit(b"", b"", path_id, 0) for path_id in path_ids]
        return [
            Visit(item.hit.visitor, item.hit.visitor_before, path_id, item.at)
            for item, path_id in zip(self.arrived, path_ids, strict=True)
        ]

    def pageviews(self, path_ids: Sequence[int], outcomes: Sequence[Outcome]) -> list[Pageview]:
        """The hits as they are stored."""
        return [
            _pageview(self.site, item, path_id, *outcome)
            for item, path_id, outcome in zip(self.arrived, path_ids, outcomes, strict=True)
        ]


class Intake:
    """Stores frames. `find_site` gives the site of an id, or None when it is gone."""

    def __init__(
        self, ledger: Ledger, find_site: Callable[[int], SiteRef | None], *, host: str
    ) -> None:
        self._ledger = ledger
        self._find_site = find_site
        self._host = host
        self._sessions = Sessions()

    def positions(self) -> dict[str, int]:
        """Segment name → bytes consumed, for this host."""
        return self._ledger.positions(f"{self._host}.")

    def forget_segment(self, name: str) -> None:
        """The segment's file is gone."""
        self._ledger.forget_segment(name)

    def store(self, frames: Iterable[Frame], positions: Mapping[str, int], *, now: int) -> None:
        """All of `frames` and the journal's `positions` in one transaction, or nothing.

        Errors: `TryAgain`, `Unstorable`; `Unavailable` when the sites can not be looked up.
        """
        parts = self._carry(frames, positions, now=now)
        for part in parts.values():
            for reason, count in part.dropped().items():
                metrics.DROPPED_HITS.labels(reason).inc(count)
            metrics.STORED_HITS.inc(len(part.arrived))

    def rehearse(self, frame: Frame, *, now: int) -> None:
        """Everything that `store` does with a frame, and none of it stays. Errors: as `store`."""
        self._carry([frame], {}, now=now, rehearsal=True)

    def _carry(
        self,
        frames: Iterable[Frame],
        positions: Mapping[str, int],
        *,
        now: int,
        rehearsal: bool = False,
    ) -> dict[int, Part]:
        parts = self._parts(frames)  # before the transaction: cleaning takes no lock
        try:
            with self._ledger.begin(rehearsal=rehearsal) as tx:
                revisions = tx.lock(parts)
                self._sessions.open(revisions)
                self._count(tx, parts, revisions, now)
                for name, position in positions.items():
                    tx.move(name, position)
        except BaseException:
            self._sessions.forget(parts)
            raise
        if rehearsal:
            self._sessions.forget(parts)
        else:
            self._sessions.settle(revisions)
        return parts

    def _parts(self, frames: Iterable[Frame]) -> dict[int, Part]:
        """By site; frames of sites that are gone are dropped."""
        parts: dict[int, Part | None] = {}
        for frame in frames:
            site_id = frame.site_id
            if site_id not in parts:
                site = self._find_site(site_id)
                parts[site_id] = Part(site) if site else None
            if part := parts[site_id]:
                part.add(frame)
        return {site_id: part for site_id, part in parts.items() if part}

    def _count(
        self, tx: Transaction, parts: Mapping[int, Part], revisions: Mapping[int, int], now: int
    ) -> None:
        """Each question to the ledger is asked once for all sites: most have a hit or two."""
        keys = {site_id: keys for site_id, part in parts.items() if (keys := part.once_keys())}
        unseen = tx.unseen_of(keys, now=now) if keys else {}
        for site_id, part in parts.items():
            part.keep_unseen(unseen.get(site_id, set()), now // DAY)
        if fresh := {site_id: part for site_id, part in parts.items() if part.arrived}:
            self._append(tx, fresh, revisions, now)
        for site_id, part in parts.items():
            for (day, reason), count in part.tallies.items():
                tx.tally(site_id, day, reason, count)

    def _append(
        self, tx: Transaction, parts: Mapping[int, Part], revisions: Mapping[int, int], now: int
    ) -> None:
        paths = {site_id: [item.path for item in part.arrived] for site_id, part in parts.items()}
        path_ids = tx.path_ids_of(paths)
        visits = {site_id: part.visits(path_ids[site_id]) for site_id, part in parts.items()}
        outcomes = self._sessions.assign(tx, revisions, visits, now=now)
        for site_id, part in parts.items():
            pageviews = part.pageviews(path_ids[site_id], outcomes[site_id])
            keep = bool(part.site.collect & collect.PAGEVIEWS)
            tx.append(site_id, pageviews, keep_rows=[keep] * len(pageviews))


@lru_cache(maxsize=4096)
def _path_of(path: str, title: str, event: bool) -> PathKey | None:
    """Under which path a hit is counted; None if it is no pageview."""
    cleaned = clean_path(path, event=event)
    if not cleaned or is_noise(cleaned):
        return None
    return PathKey(cleaned, " ".join(title.split()), event)


def _pageview(
    site: SiteRef, item: Arrived, path_id: int, session: bytes, first_visit: bool
) -> Pageview:
    """`item` with what the site does not collect taken out."""
    hit, switches = item.hit, site.collect
    ref, scheme, campaign = "", "o", ""
    if switches & collect.REFERRER:
        ref, scheme, campaign = _origin(hit.ref, hit.query, hit.event)
    agent = bool(switches & collect.USER_AGENT)
    return Pageview(
        path_id=path_id,
        ref=ref,
        ref_scheme=scheme,
        campaign=campaign,
        browser=hit.browser if agent else "",
        browser_version=hit.browser_version if agent else "",
        system=hit.system if agent else "",
        system_version=hit.system_version if agent else "",
        width=hit.width if switches & collect.SIZE else 0,
        location=collect.location(switches, site.collect_regions, hit.location),
        language=hit.language if switches & collect.LANGUAGE else "",
        session=session,
        first_visit=first_visit,
        created_at=item.at,
    )


@lru_cache(maxsize=4096)
def _origin(ref: str, query: str, event: bool) -> tuple[str, str, str]:
    """Referrer, its scheme and the campaign; events have no campaign (part 3.5)."""
    source, campaign = ("", "") if event else campaign_of(query)
    if source:
        return source, "c", campaign
    ref, scheme = clean_referrer(ref)
    return ref, "c" if campaign and ref else scheme, campaign
