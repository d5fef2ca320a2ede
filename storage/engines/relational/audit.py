"""Ledger, rows and rollups held against each other."""

from storage.engines.relational.sql import Database
from storage.engines.relational.tables import ROLLUPS, Table
from storage.engines.relational.transaction import lock_ledger
from storage.types import Census

# What a row must have for a rollup to count it; the others count every first visit.
_NEEDS = {
    "browser_stats": "browser_id",
    "system_stats": "system_id",
    "campaign_stats": "campaign_id",
}


class RelationalAudit:
    """Keeps `storage.protocols.Audit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def site_ids(self) -> list[int]:
        """See the protocol."""
        rows = self._database.query("SELECT site_id FROM site_ledger ORDER BY site_id")
        return [row[0] for row in rows]

    def census(self, site_id: int) -> Census:
        """See the protocol. One statement, since a statement sees one moment on both databases."""
        rows = self._database.patient_query(_CENSUS, {"site": site_id})
        figures = {row[0]: row[2] for row in rows if row[0] in _FIGURES}
        kept: dict[str, dict[int, int]] = {table.name: {} for table in ROLLUPS}
        recount: dict[str, dict[int, int]] = {table.name: {} for table in ROLLUPS}
        for what, hour, visits, browsers, systems, campaigns in rows:
            if what in kept:
                kept[what][hour] = int(visits)
            elif what == "visits":
                some = {"browser_id": browsers, "system_id": systems, "campaign_id": campaigns}
                for name, counts in recount.items():
                    if count := some.get(_NEEDS.get(name, ""), visits):
                        counts[hour] = int(count)
        return Census(
            **{name: int(figures[name] or 0) for name in _FIGURES}, kept=kept, recount=recount
        )

    def first_gap(self, site_id: int) -> int | None:
        """See the protocol."""
        rows = self._database.patient_query(
            "SELECT min(id) FROM"
            " (SELECT 1 AS id UNION ALL SELECT hit_id + 1 FROM hits WHERE site_id = %(site)s) AS i"
            " WHERE id <= (SELECT last_hit_id FROM site_ledger WHERE site_id = %(site)s)"
            " AND NOT EXISTS (SELECT 1 FROM hits WHERE site_id = %(site)s AND hit_id = id)",
            {"site": site_id},
        )
        return rows[0][0] if rows else None

    def recount(self, site_id: int) -> None:
        """See the protocol."""
        with self._database.atomic():
            self._database.take_time()
            lock_ledger(self._database, [site_id])
            for table in ROLLUPS:
                self._database.execute(f"DELETE FROM {table.name} WHERE site_id = %s", [site_id])
                self._database.execute(_recount(table), [site_id])


def _recount(table: Table) -> str:
    own = table.key[2:]  # after site and hour; the columns of `hits` have the same names
    needed = f" AND {_NEEDS[table.name]} <> 0" if table.name in _NEEDS else ""
    return (
        f"INSERT INTO {table.name} (site_id, hour, {', '.join(own)}, count)"
        f" SELECT site_id, created_at / 3600, {', '.join(own)}, count(*) FROM hits"
        f" WHERE site_id = %s AND first_visit{needed}"
        f" GROUP BY site_id, created_at / 3600, {', '.join(own)}"
    )


def _figure(name: str, question: str) -> str:
    return f"SELECT '{name}', 0, ({question}), 0, 0, 0"


_FIGURES: dict[str, str] = {
    "last_hit_id": "SELECT last_hit_id FROM site_ledger WHERE site_id = %(site)s",
    "rows": "SELECT count(*) FROM hits WHERE site_id = %(site)s",
    "max_hit_id": "SELECT max(hit_id) FROM hits WHERE site_id = %(site)s",
    "counted": "SELECT sum(count) FROM tallies WHERE site_id = %(site)s AND reason = 'counted'",
}
_VISITS = (
    "SELECT 'visits', created_at / 3600, count(*), count(nullif(browser_id, 0)),"
    " count(nullif(system_id, 0)), count(nullif(campaign_id, 0))"
    " FROM hits WHERE site_id = %(site)s AND first_visit GROUP BY created_at / 3600"
)
_CENSUS = " UNION ALL ".join(
    [
        *(_figure(name, question) for name, question in _FIGURES.items()),
        _VISITS,
        *(
            f"SELECT '{table.name}', hour, sum(count), 0, 0, 0 FROM {table.name}"
            " WHERE site_id = %(site)s GROUP BY hour"
            for table in ROLLUPS
        ),
    ]
)
