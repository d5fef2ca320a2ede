"""Texts to ids: paths, referrers, browsers, systems, campaigns. Ids are per site, from its ledger row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from storage.engines.relational.sites import SiteState, Texts
from storage.engines.relational.sql import Database, Row
from storage.engines.relational.tables import BROWSERS, CAMPAIGNS, PATHS, REFS, SYSTEMS, Table
from storage.types import PathKey

Place = tuple[int, bytes]  # (site, key): where a dimension row is


@dataclass(frozen=True, slots=True)
class Dimension:
    """A table of texts: how many of them, from the first, differ by case only in spelling, and whether
    one with an empty first text is "none" whatever follows."""

    table: Table
    folded: int
    needs_name: bool

    def is_none(self, texts: Texts) -> bool:
        """Whether `texts` say nothing: id 0, no row."""
        return not (texts[0] if self.needs_name else any(texts))

    def key(self, texts: Texts) -> bytes:
        """What two spellings of the same have in common."""
        return digest(*(text.lower() if n < self.folded else text for n, text in enumerate(texts)))


REF = Dimension(REFS, folded=1, needs_name=False)
BROWSER = Dimension(BROWSERS, folded=0, needs_name=True)
SYSTEM = Dimension(SYSTEMS, folded=0, needs_name=True)
CAMPAIGN = Dimension(CAMPAIGNS, folded=1, needs_name=True)


def digest(*texts: str) -> bytes:
    """16 bytes for the unique index. NUL separates: `storable` texts have none."""
    return blake2b("\0".join(texts).encode(), digest_size=16).digest()


@lru_cache(maxsize=8192)
def storable(text: str) -> str:
    """`text` without what PostgreSQL refuses (NUL, lone surrogates): one such hit would stop the drain."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def learn(
    database: Database,
    dimension: Dimension,
    states: Mapping[int, SiteState],
    wanted: Mapping[int, Iterable[Texts]],
) -> None:
    """See to it that `states[site].ids` knows all `wanted` texts of each site."""
    places: dict[tuple[int, Texts], Place] = {}
    tails: dict[Place, Row] = {}
    for site_id, site_texts in wanted.items():
        known = states[site_id].ids[dimension.table.name]
        for texts in site_texts:
            if texts in known:
                continue
            clean = tuple(map(storable, texts))
            if dimension.is_none(clean):
                known[texts] = 0
                continue
            place = places[site_id, texts] = (site_id, dimension.key(clean))
            tails.setdefault(place, clean)
    rows = _rows(database, dimension.table, states, tails)
    for (site_id, texts), place in places.items():
        states[site_id].ids[dimension.table.name][texts] = rows[place][1]


def path_ids(
    database: Database, states: Mapping[int, SiteState], asked: Mapping[int, Sequence[PathKey]]
) -> tuple[dict[int, list[int]], dict[tuple[int, int], str]]:
    """The ids of all paths asked for, site by site, and the titles that changed: (site, path id) → title."""
    _learn_paths(database, states, asked)
    titles: dict[tuple[int, int], str] = {}
    for site_id, paths in asked.items():
        state = states[site_id]
        for path in paths:
            if path.title:
                path_id, title = state.paths[path.path], storable(path.title)
                if title and state.titles[path_id] != title:
                    titles[site_id, path_id] = state.titles[path_id] = title
    ids = {s: [states[s].paths[path.path] for path in paths] for s, paths in asked.items()}
    return ids, titles


def _learn_paths(
    database: Database, states: Mapping[int, SiteState], asked: Mapping[int, Sequence[PathKey]]
) -> None:
    places: dict[tuple[int, str], Place] = {}
    tails: dict[Place, Row] = {}
    for site_id, paths in asked.items():
        known = states[site_id].paths
        for path in paths:
            if path.path not in known and (site_id, path.path) not in places:
                text = storable(path.path)
                place = places[site_id, path.path] = (site_id, digest(text.lower()))
                tails.setdefault(place, (text, storable(path.title), int(path.event)))
    rows = _rows(database, PATHS, states, tails)
    for (site_id, spelling), place in places.items():
        _, path_id, _, _, title, _ = rows[place]
        states[site_id].paths[spelling] = path_id
        states[site_id].titles.setdefault(path_id, title)


def _rows(
    database: Database,
    table: Table,
    states: Mapping[int, SiteState],
    tails: Mapping[Place, Row],
) -> dict[Place, Row]:
    """The row at each place: the stored one, or a new one with the site's next id and this tail."""
    rows = {
        (row[0], bytes(row[2])): row for row in database.matching(table, ("site_id", "key"), tails)
    }
    new = {
        place: (place[0], states[place[0]].next_id(table), place[1], *tail)
        for place, tail in tails.items()
        if place not in rows
    }
    database.insert(table, list(new.values()))
    return rows | new
