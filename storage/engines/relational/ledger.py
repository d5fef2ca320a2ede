"""Per-site counters, journal positions, sessions, seen ids."""

from collections.abc import Iterator
from contextlib import contextmanager

from storage.engines.relational import salts
from storage.engines.relational.failures import in_our_words
from storage.engines.relational.sites import Shelf
from storage.engines.relational.sql import Database, Row
from storage.engines.relational.tables import POSITIONS, SEEN_IDS, SESSIONS, Table
from storage.engines.relational.transaction import RelationalTransaction, lock_ledger
from storage.types import SEEN_SECONDS, SESSION_SECONDS, Salt

PURGED_AT_ONCE = 5000


class RelationalLedger:
    """Keeps `storage.protocols.Ledger`."""

    def __init__(self, database: Database, cache: Database) -> None:
        self._database = database
        self._cache = cache
        self._shelf = Shelf()

    @contextmanager
    def begin(self, *, rehearsal: bool = False) -> Iterator[RelationalTransaction]:
        """See the protocol."""
        step = RelationalTransaction(self._database, self._shelf)
        with in_our_words(), self._database.atomic():
            yield step
            step.flush()
            if rehearsal:
                self._database.undo()
        if not rehearsal:
            step.settle()

    def positions(self, prefix: str) -> dict[str, int]:
        """See the protocol. Few rows: one for each segment there is."""
        with in_our_words():
            rows = self._database.query("SELECT segment, position FROM journal_positions")
        return {segment: position for segment, position in rows if segment.startswith(prefix)}

    def forget_segment(self, segment: str) -> None:
        """See the protocol."""
        with in_our_words():
            self._database.delete(POSITIONS, ("segment",), [(segment,)])

    def tallies(self, site_id: int) -> dict[tuple[int, str], int]:
        """See the protocol."""
        rows = self._database.query(
            "SELECT day, reason, count FROM tallies WHERE site_id = %s", [site_id]
        )
        return {(day, reason): count for day, reason, count in rows}

    def salts(self, *, now: int) -> tuple[Salt, Salt]:
        """See the protocol."""
        return salts.current_and_previous(self._cache, now=now)

    def purge_short_lived(self, *, now: int) -> None:
        """See the protocol. In short steps: the drain never waits long for the write lock."""
        self._purge(SEEN_IDS, "seen_at", now - SEEN_SECONDS)
        self._purge(SESSIONS, "touched_at", now - SESSION_SECONDS)

    def _purge(self, table: Table, column: str, before: int) -> None:
        """Find old keys without a lock, page by page, and drop them."""
        site, key = table.key
        sql = (
            f"SELECT {site}, {key} FROM {table.name} WHERE ({site}, {key}) > (%s, %s)"
            f" AND {column} < %s ORDER BY {site}, {key} LIMIT {PURGED_AT_ONCE}"
        )
        last: Row = (-1, b"")
        while found := self._database.query(sql, [*last, before]):
            last = found[-1]
            self._drop(table, table.columns.index(column), before, found)

    def _drop(self, table: Table, column: int, before: int, found: list[Row]) -> None:
        """Drop those that are still old under the lock of their sites: the drain may have come by."""
        with self._database.atomic():
            lock_ledger(self._database, sorted({row[0] for row in found}))
            rows = self._database.matching(table, table.key, found)
            old = [row[:2] for row in rows if row[column] < before]
            self._database.delete(table, table.key, old)
