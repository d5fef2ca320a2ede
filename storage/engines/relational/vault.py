"""Rows and rollups, read."""

from collections.abc import Generator, Iterator, Mapping

from storage.engines.relational.columns import ahead, chunks
from storage.engines.relational.dimensions import digest, storable
from storage.engines.relational.shaping import AS_THEY_ARE, Shelves, stored_hits, within_span
from storage.engines.relational.sql import Database
from storage.engines.relational.tables import (
    BROWSERS,
    CAMPAIGNS,
    PATHS,
    REFS,
    SYSTEMS,
)
from storage.types import ALWAYS, ROLLUPS, Shape, ShapedRows, Shapes, Span, StoredHit

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
        """See the protocol."""
        batches = self.scan_shaped(
            site_id, AS_THEY_ARE, after=after, upto=upto, within=within, limit=limit
        )
        return map(stored_hits, batches)

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
        """See the protocol. Ids first, then the dimension rows not met before: no join to plan badly.

        The span is applied here, not by the database: one question about a rare span would read the
        whole table, in one long transaction and without a sign of life.
        """
        shelves = Shelves(self._database, site_id, shapes)
        batches = chunks(
            self._database, site_id, shelves.columns, after=after, upto=upto, limit=limit
        )
        for chunk in ahead(self._database, batches):
            yield shelves.shaped(chunk if within == ALWAYS else within_span(chunk, within))

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
