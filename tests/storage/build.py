"""Builders of the values that cross the storage seam, and the two-line ways to store and read them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from storage.protocols import Storage
from storage.types import Pageview, PathKey, Session, StoredHit

NOON = 1_800_000_000
HOUR = NOON // 3600


def path(text: str = "/", title: str = "", *, event: bool = False) -> PathKey:
    """A path, by default the front page."""
    return PathKey(text, title, event)


def pageview(path_id: int = 1, **changes: Any) -> Pageview:
    """A first visit from nowhere special."""
    values: dict[str, Any] = {
        "path_id": path_id,
        "ref": "news.example.com",
        "ref_scheme": "h",
        "campaign": "",
        "browser": "Firefox",
        "browser_version": "128",
        "system": "Linux",
        "system_version": "",
        "width": 1920,
        "location": "NL",
        "language": "nld",
        "session": b"s" * 16,
        "first_visit": True,
        "created_at": NOON,
    }
    return Pageview(**(values | changes))


def session(key: bytes = b"k" * 16, token: bytes = b"s" * 16, **changes: Any) -> Session:
    """A session begun at noon."""
    values: dict[str, Any] = {
        "started_at": NOON,
        "last_at": NOON,
        "touched_at": NOON,
        "paths": set(),
    }
    return Session(key, token, **(values | changes))


def store(
    storage: Storage, site_id: int = 1, *paths: str, keep: bool = True, **changes: Any
) -> int:
    """One transaction with a pageview of each path; the last hit id."""
    with storage.ledger.begin() as tx:
        tx.lock([site_id])
        ids = tx.path_ids(site_id, [path(text) for text in paths or ("/",)])
        views = [pageview(path_id, **changes) for path_id in ids]
        return tx.append(site_id, views, keep_rows=[keep] * len(views))


def rows(
    storage: Storage, site_id: int = 1, *, after: int = 0, limit: int = 5000
) -> list[StoredHit]:
    """All visible rows of a site."""
    upto = storage.vault.visible_upto(site_id)
    scan = storage.vault.scan(site_id, after=after, upto=upto, limit=limit)
    return [hit for chunk in scan for hit in chunk]


def rollup(storage: Storage, name: str, site_id: int = 1) -> dict[tuple[Any, ...], int]:
    """A rollup as a plain dict."""
    return dict(storage.vault.rollup(site_id, name))


def recount(pageviews: Iterable[Pageview], paths: Sequence[str]) -> dict[str, Counter[Any]]:
    """The eight rollups counted one by one, with nothing clever."""
    counts: dict[str, Counter[Any]] = {
        name: Counter()
        for name in ["hit", "ref", "browser", "system", "location", "language", "size", "campaign"]
    }
    for p in pageviews:
        if not p.first_visit:
            continue
        place = (p.created_at // 3600, paths[p.path_id - 1])
        counts["hit"][place] += 1
        counts["ref"][(*place, p.ref, p.ref_scheme)] += 1
        counts["location"][(*place, p.location)] += 1
        counts["language"][(*place, p.language)] += 1
        counts["size"][(*place, p.width)] += 1
        if p.browser:
            counts["browser"][(*place, p.browser, p.browser_version)] += 1
        if p.system:
            counts["system"][(*place, p.system, p.system_version)] += 1
        if p.campaign:
            counts["campaign"][(*place, p.campaign, p.ref, p.ref_scheme)] += 1
    return counts
