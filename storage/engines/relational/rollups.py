"""Pageviews to rows and counts. Counting groups by tuples: joined texts would let two groups meet."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter

from storage.engines.relational.dimensions import (
    BROWSER,
    CAMPAIGN,
    REF,
    SYSTEM,
    learn,
    storable,
)
from storage.engines.relational.sites import SiteState, Texts
from storage.engines.relational.sql import Database, Row
from storage.engines.relational.tables import ROLLUPS, Table
from storage.types import Pageview

WIDEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Pageviews of one site; those kept as rows get the ids after `last_hit_id`."""

    site_id: int
    last_hit_id: int
    pageviews: Sequence[Pageview]
    keep_rows: Sequence[bool]


# A visit is (site, hour, path, ref, browser, system, location, language, width, campaign). For each
# rollup: which of these are its key, and which must not be 0 ("no browser" is not counted).
_KEYS: Mapping[str, tuple[tuple[int, ...], int | None]] = {
    "hit_counts": ((0, 1, 2), None),
    "ref_counts": ((0, 1, 2, 3), None),
    "browser_stats": ((0, 1, 2, 4), 4),
    "system_stats": ((0, 1, 2, 5), 5),
    "location_stats": ((0, 1, 2, 6), None),
    "language_stats": ((0, 1, 2, 7), None),
    "size_stats": ((0, 1, 2, 8), None),
    "campaign_stats": ((0, 1, 2, 9, 3), 9),
}


def learn_dimensions(
    database: Database, states: Mapping[int, SiteState], batches: Sequence[Batch]
) -> None:
    """Look up or make the ids of everything in `batches`, of all sites at once."""
    for dimension, texts in (
        (REF, attrgetter("ref", "ref_scheme")),
        (BROWSER, attrgetter("browser", "browser_version")),
        (SYSTEM, attrgetter("system", "system_version")),
        (CAMPAIGN, lambda p: (p.campaign,)),
    ):
        wanted: dict[
            int, dict[Texts, None]
        ] = {}  # in order of sight, so that ids do not depend on hashes
        for batch in batches:
            wanted.setdefault(batch.site_id, {}).update(dict.fromkeys(map(texts, batch.pageviews)))
        learn(database, dimension, states, wanted)


def rows_and_visits(state: SiteState, batch: Batch) -> tuple[list[Row], list[Row]]:
    """The rows of table `hits`, and what the rollups count. The loop is long for speed: every hit passes."""
    site, hit_id, ids = batch.site_id, batch.last_hit_id, state.ids
    refs, browsers = ids["refs"], ids["browsers"]
    systems, campaigns = ids["systems"], ids["campaigns"]
    rows: list[Row] = []
    visits: list[Row] = []
    for p, keep in zip(batch.pageviews, batch.keep_rows, strict=True):
        ref = refs[p.ref, p.ref_scheme]
        browser = browsers[p.browser, p.browser_version]
        system = systems[p.system, p.system_version]
        campaign = campaigns[p.campaign,]
        width = p.width if 0 <= p.width <= WIDEST else 0
        place, tongue = storable(p.location), storable(p.language)
        path, at, first = p.path_id, p.created_at, int(p.first_visit)
        if keep:
            hit_id += 1
            head = (site, hit_id, path, ref, browser, system, campaign, width)
            rows.append((*head, place, tongue, p.session or None, first, at))
        if first:
            visits.append(
                (site, at // 3600, path, ref, browser, system, place, tongue, width, campaign)
            )
    return rows, visits


def collapse(visits: Sequence[Row]) -> Iterable[tuple[Table, list[Row]]]:
    """For each rollup its rows: key and count, in the order of time and path (neighbours share a page)."""
    visits = sorted(visits)
    for table in ROLLUPS:
        columns, needed = _KEYS[table.name]
        counted = visits if needed is None else [visit for visit in visits if visit[needed]]
        counts = Counter(map(itemgetter(*columns), counted))
        yield table, [(*key, count) for key, count in counts.items()]
