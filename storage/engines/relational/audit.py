"""Ledger, rows and rollups held against each other."""

from functools import cache

from storage.engines.relational.sites import SiteState
from storage.engines.relational.sql import Database
from storage.engines.relational.tables import (
    BROWSERS,
    CAMPAIGNS,
    PATHS,
    REFS,
    ROLLUPS,
    SITE_LEDGER,
    SYSTEMS,
    Table,
)
from storage.engines.relational.transaction import REPLACE_LEDGER, lock_ledger
from storage.types import Census, Difference

_DIMENSIONS = {table.key[1]: table for table in (PATHS, REFS, BROWSERS, SYSTEMS, CAMPAIGNS)}

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
        rows = self._database.patient_query(
            "SELECT site_id FROM site_ledger UNION SELECT DISTINCT site_id FROM hits"
            " UNION SELECT DISTINCT site_id FROM paths ORDER BY site_id",
            {},
        )
        return [row[0] for row in rows]

    def census(self, site_id: int) -> Census:
        """See the protocol. One statement, since a statement sees one moment on both databases."""
        collation = "C" if self._database.is_postgresql else "BINARY"
        rows = self._database.patient_query(_census(collation), {"site": site_id})
        figures = {name: int(figure or 0) for name, _, figure, _ in rows if name in _FIGURES}
        last = {name: (figures[f"last_{name}"], figures[f"max_{name}"]) for name in _IDS}
        found = [
            Difference(name, hour, int(surplus), int(missing))
            for name, hour, surplus, missing in rows
            if name not in _FIGURES
        ]
        return Census(
            last_hit_id=figures["last_hit_id"],
            rows=figures["rows"],
            max_hit_id=figures["max_hit_id"],
            counted=figures["counted"],
            behind={_IDS[name]: both for name, both in last.items() if both[0] < both[1]},
            differences=sorted(found, key=lambda each: (_ORDER[each.rollup], each.hour)),
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

    def nameless(self, site_id: int) -> dict[str, int]:
        """See the protocol. Id 0 is "none", but for paths: every row has one."""
        rows = self._database.patient_query(_NAMELESS, {"site": site_id})
        return {name: count for name, count in rows if count}

    def recount(self, site_id: int) -> None:
        """See the protocol."""
        with self._database.atomic():
            self._database.take_time()
            lock_ledger(self._database, [site_id])
            for table in ROLLUPS:
                self._database.execute(f"DELETE FROM {table.name} WHERE site_id = %s", [site_id])
                self._database.execute(_recount(table), [site_id])

    def catch_up(self, site_id: int) -> None:
        """See the protocol."""
        with self._database.atomic():
            self._database.take_time()
            state = SiteState(lock_ledger(self._database, [site_id])[0])
            self._raise(state)
            self._database.upsert(SITE_LEDGER, [state.row], change=REPLACE_LEDGER)

    def _raise(self, state: SiteState) -> None:
        state.revision += 1
        [(first, last, *used)] = self._database.query(_USED, [state.site_id])
        state.last_hit_id = max(state.last_hit_id, last or 0)
        times = [at for at in (first, state.first_hit_at) if at is not None]
        state.first_hit_at = min(times, default=None)
        for (column, table), in_rows in zip(_DIMENSIONS.items(), used, strict=True):
            sql = f"SELECT coalesce(max({column}), 0) FROM {table.name} WHERE site_id = %s"
            [(stored,)] = self._database.query(sql, [state.site_id])
            known = state.last_ids[table.name]
            state.last_ids[table.name] = max(known, stored, in_rows or 0)


def _recount(table: Table) -> str:
    own = ", ".join(table.key[2:])  # after site and hour; the columns of `hits` have the same names
    return (
        f"INSERT INTO {table.name} (site_id, hour, {own}, count)"
        f" SELECT site_id, created_at / 3600, {own}, count(*) FROM hits"
        f" WHERE site_id = %s AND {_counted(table)}"
        f" GROUP BY site_id, created_at / 3600, {own}"
    )


def _counted(table: Table) -> str:
    return f"first_visit AND {_NEEDS[table.name]} <> 0" if table.name in _NEEDS else "first_visit"


def _differences(table: Table, collation: str) -> str:
    """Hours of a rollup with surplus and missing visits: those of the rows are taken from its own, key by key."""
    own = ", ".join(table.key[2:])
    # PostgreSQL does not group texts of two collations, and those of the rollups have one of their own.
    written = ", ".join(
        f'{name} COLLATE "{collation}"' if table.types[name] == "text" else name
        for name in table.key[2:]
    )
    return (
        f"SELECT '{table.name}', hour, sum(CASE WHEN visits > 0 THEN visits ELSE 0 END),"
        " sum(CASE WHEN visits < 0 THEN -visits ELSE 0 END) FROM ("
        f"SELECT hour, {own}, sum(visits) AS visits FROM ("
        f"SELECT hour, {own}, count AS visits FROM {table.name} WHERE site_id = %(site)s"
        f" UNION ALL SELECT created_at / 3600, {written}, -1 FROM hits"
        f" WHERE site_id = %(site)s AND {_counted(table)}) AS told"
        f" GROUP BY hour, {own} HAVING sum(visits) <> 0) AS wrong GROUP BY hour"
    )


def _nameless(column: str, table: Table) -> str:
    none = "" if table is PATHS else f" AND {column} <> 0"
    return (
        f"SELECT '{table.name}', count(*) FROM hits WHERE site_id = %(site)s{none}"
        f" AND NOT EXISTS (SELECT 1 FROM {table.name}"
        f" WHERE {table.name}.site_id = hits.site_id AND {table.name}.{column} = hits.{column})"
    )


@cache
def _census(collation: str) -> str:
    figures = [f"SELECT '{name}', 0, ({sql}), 0" for name, sql in _FIGURES.items()]
    return " UNION ALL ".join([*figures, *(_differences(table, collation) for table in ROLLUPS)])


_IDS = {"hit_id": "hits", **{column: table.name for column, table in _DIMENSIONS.items()}}
_ORDER = {table.name: n for n, table in enumerate(ROLLUPS)}
_NAMELESS = " UNION ALL ".join(_nameless(column, table) for column, table in _DIMENSIONS.items())
_USED = (
    f"SELECT min(created_at), max(hit_id), {', '.join(f'max({column})' for column in _DIMENSIONS)}"
    " FROM hits WHERE site_id = %s"
)
_FIGURES = {
    "rows": "SELECT count(*) FROM hits WHERE site_id = %(site)s",
    "counted": "SELECT sum(count) FROM tallies WHERE site_id = %(site)s AND reason = 'counted'",
    **{
        f"last_{name}": f"SELECT last_{name} FROM site_ledger WHERE site_id = %(site)s"
        for name in _IDS
    },
    **{
        f"max_{name}": f"SELECT max({name}) FROM {table} WHERE site_id = %(site)s"
        for name, table in _IDS.items()
    },
}
