"""Rows and rollups, read."""

from collections.abc import Iterable, Iterator, Mapping

from storage.engines.relational.dimensions import digest, storable
from storage.engines.relational.sql import Database, Row
from storage.engines.relational.tables import (
    BROWSERS,
    CAMPAIGNS,
    HITS,
    PATHS,
    REFS,
    SYSTEMS,
    Table,
)
from storage.types import ALWAYS, ROLLUPS, Span, StoredHit

KEPT_TEXTS = 100_000
"""Dimension rows that one scan remembers before it starts anew."""

CREATED_AT = HITS.columns.index("created_at") - 1
"""Its place in a row of hits that is read without the site."""

# Each rollup's own columns, as texts, and the tables these come from.
_DIMENSIONS = {
    "hit_counts": ("", ""),
    "ref_counts": (", coalesce(ref, ''), coalesce(ref_scheme, '')", "ref_id"),
    "browser_stats": (", coalesce(name, ''), coalesce(version, '')", "browser_id"),
    "system_stats": (", coalesce(name, ''), coalesce(version, '')", "system_id"),
    "location_stats": (", location", ""),
    "language_stats": (", language", ""),
    "size_stats": (", width", ""),
    "campaign_stats": (
        ", coalesce(name, ''), coalesce(ref, ''), coalesce(ref_scheme, '')",
        "campaign_id ref_id",
    ),
}
_TABLES = {"ref_id": REFS, "browser_id": BROWSERS, "system_id": SYSTEMS, "campaign_id": CAMPAIGNS}


class RelationalVault:
    """Keeps `storage.protocols.Vault`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def visible_upto(self, site_id: int) -> int:
        """See the protocol. The ledger row is written in the rows' own transaction."""
        rows = self._database.query(
            "SELECT last_hit_id FROM site_ledger WHERE site_id = %s", [site_id]
        )
        return rows[0][0] if rows else 0

    def scan(
        self, site_id: int, *, after: int, upto: int, within: Span = ALWAYS, limit: int = 5000
    ) -> Iterator[list[StoredHit]]:
        """See the protocol. Ids first, then the dimension rows not met before: no join to plan badly.

        The span is applied here, not by the database: one question about a rare span would read the
        whole table, in one long transaction and without a sign of life.
        """
        texts = Texts(self._database, site_id)
        sql = (
            f"SELECT {', '.join(HITS.columns[1:])} FROM hits"
            " WHERE site_id = %s AND hit_id > %s AND hit_id <= %s ORDER BY hit_id LIMIT %s"
        )
        while rows := self._database.query(sql, [site_id, after, upto, limit]):
            after = rows[-1][0]
            yield texts.hits([row for row in rows if within.holds(row[CREATED_AT])])
            if len(rows) < limit:
                return

    def rollup(self, site_id: int, name: str) -> Mapping[tuple[object, ...], int]:
        """See the protocol."""
        if name not in ROLLUPS:
            raise ValueError(f"no rollup is called {name!r}")
        columns, ids = _DIMENSIONS[name]
        joins = " ".join(
            f"LEFT JOIN {_TABLES[key].name} USING (site_id, {key})" for key in ids.split()
        )
        rows = self._database.query(
            f"SELECT hour, path{columns}, count FROM {name} JOIN paths USING (site_id, path_id) {joins}"
            f" WHERE {name}.site_id = %s",
            [site_id],
        )
        return {row[:-1]: row[-1] for row in rows}

    def first_hit_at(self, site_id: int) -> int | None:
        """See the protocol."""
        rows = self._database.query(
            "SELECT first_hit_at FROM site_ledger WHERE site_id = %s", [site_id]
        )
        return rows[0][0] if rows else None

    def visits(self, site_id: int, *, path: str | None, since: int, before: int) -> int:
        """See the protocol."""
        sql = (
            "SELECT coalesce(sum(count), 0) FROM hit_counts"
            " WHERE site_id = %s AND hour >= %s AND hour < %s"
        )
        values: list[object] = [site_id, since, before]
        if path is not None:
            key = digest(storable(path).lower())
            found = self._database.matching(PATHS, ("site_id", "key"), [(site_id, key)])
            sql += " AND path_id = %s"
            values.append(found[0][1] if found else 0)
        return int(self._database.query(sql, values)[0][0])


class Texts:
    """The dimension rows that one scan has met, by id."""

    def __init__(self, database: Database, site_id: int) -> None:
        self._database = database
        self._site_id = site_id
        self._known: dict[str, dict[int, Row]] = {}

    def hits(self, rows: list[Row]) -> list[StoredHit]:
        """`rows` of table hits (without the site) with texts for ids."""
        if not rows:
            return []
        ids = list(zip(*rows, strict=True))
        paths = self._rows(PATHS, ids[1], ())
        refs = self._rows(REFS, ids[2], ("", ""))
        browsers = self._rows(BROWSERS, ids[3], ("", ""))
        systems = self._rows(SYSTEMS, ids[4], ("", ""))
        campaigns = self._rows(CAMPAIGNS, ids[5], ("",))
        hits = []
        for (
            hit_id, path, ref, browser, system, campaign, width, location, language, session, first, at
        ) in rows:  # fmt: skip
            if path in paths:  # else it has been purged between the two reads
                name, title, event = paths[path]
                event = bool(event)  # SQLite keeps a number
                texts = (name, title, event) + refs[ref] + campaigns[campaign] + browsers[browser]
                tail = (width, location, language, session or b"", first == 1, at)
                hits.append(StoredHit(*(hit_id, *texts, *systems[system], *tail)))
        return hits

    def _rows(self, table: Table, ids: Iterable[int], none: Row) -> dict[int, Row]:
        known = self._known.setdefault(table.name, {})
        if len(known) > KEPT_TEXTS:
            known.clear()
        if none:
            known[0] = none
        wanted = [(self._site_id, each) for each in set(ids) - known.keys()]
        for _, row_id, _, *texts in self._database.matching(table, table.key, wanted):
            known[row_id] = tuple(texts)
        return known
