"""The drain's step. Reads come at once; writes are gathered and stored in bulk when the block ends,
so that a thousand small sites in one transaction cost no more statements than one large site."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from storage.engines.relational import dimensions, rollups
from storage.engines.relational.dimensions import storable
from storage.engines.relational.rollups import Batch
from storage.engines.relational.sites import Shelf, SiteState
from storage.engines.relational.sql import Database, Row
from storage.engines.relational.tables import (
    HITS,
    PATHS,
    POSITIONS,
    SEEN_IDS,
    SESSIONS,
    SITE_LEDGER,
    TALLIES,
)
from storage.types import SEEN_SECONDS, Pageview, PathKey, Session

COUNT_UP = "count = {0}.count + excluded.count"


class RelationalTransaction:
    """Keeps `storage.protocols.Transaction`. Made by `RelationalLedger.begin`, which flushes and settles it."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database = database
        self._shelf = shelf
        self._states: dict[int, SiteState] = {}
        self._seen: dict[tuple[int, bytes], int] = {}
        self._titles: dict[tuple[int, int], str] = {}
        self._sessions: dict[tuple[int, bytes], Session] = {}
        self._batches: list[Batch] = []
        self._tallies: Counter[tuple[int, int, str]] = Counter()
        self._positions: dict[str, int] = {}

    def lock(self, site_ids: Iterable[int]) -> dict[int, int]:
        """See the protocol. Another call must name larger ids only: two drains could wait for each other."""
        wanted = sorted(set(site_ids) - self._states.keys())
        if wanted and self._states and wanted[0] < max(self._states):
            raise RuntimeError("sites have to be locked in ascending order")
        for row in lock_ledger(self._database, wanted):
            state = self._shelf.take(row)
            state.revision += 1
            self._states[state.site_id] = state
        return {site_id: self._states[site_id].revision - 1 for site_id in wanted}

    def unseen(self, site_id: int, keys: Sequence[bytes], *, now: int) -> set[bytes]:
        """See the protocol."""
        return self.unseen_of({site_id: keys}, now=now)[site_id]

    def unseen_of(self, keys: Mapping[int, Sequence[bytes]], *, now: int) -> dict[int, set[bytes]]:
        """See the protocol."""
        wanted = [(site_id, key) for site_id in keys for key in keys[site_id]]
        self._check(keys)
        stored = self._database.matching(SEEN_IDS, ("site_id", "key"), wanted)
        seen = {(site_id, bytes(key)): at for site_id, key, at in stored} | self._seen
        self._seen.update(dict.fromkeys(wanted, now))
        since = now - SEEN_SECONDS
        return {
            site_id: {key for key in site_keys if seen.get((site_id, key), since) <= since}
            for site_id, site_keys in keys.items()
        }

    def path_ids(self, site_id: int, paths: Sequence[PathKey]) -> list[int]:
        """See the protocol."""
        return self.path_ids_of({site_id: paths})[site_id]

    def path_ids_of(self, paths: Mapping[int, Sequence[PathKey]]) -> dict[int, list[int]]:
        """See the protocol."""
        self._check(paths)
        ids, titles = dimensions.path_ids(self._database, self._states, paths)
        self._titles.update(titles)
        return ids

    def sessions(self, site_id: int, keys: Iterable[bytes]) -> list[Session]:
        """See the protocol."""
        return self.sessions_of({site_id: keys})[site_id]

    def sessions_of(self, keys: Mapping[int, Iterable[bytes]]) -> dict[int, list[Session]]:
        """See the protocol."""
        self._check(keys)
        self._flush_sessions()
        # In the index's order; bytes alone are sorted in half the time of pairs.
        wanted = [(site_id, key) for site_id in sorted(keys) for key in sorted(set(keys[site_id]))]
        answer: dict[int, list[Session]] = {site_id: [] for site_id in keys}
        for site_id, token, key, started, last, touched, paths in self._database.matching(
            SESSIONS, ("site_id", "key"), wanted, index="sessions_key"
        ):
            visited = set(array("I", bytes(paths)))
            kept = Session(bytes(key), bytes(token), started, last, touched, visited)
            answer[site_id].append(kept)
        return answer

    def save_sessions(self, site_id: int, sessions: Iterable[Session]) -> None:
        """See the protocol."""
        self._check([site_id])
        for session in sessions:
            self._sessions[site_id, session.session] = session

    def append(
        self, site_id: int, pageviews: Sequence[Pageview], *, keep_rows: Sequence[bool]
    ) -> int:
        """See the protocol."""
        state = self._state(site_id)
        if len(pageviews) != len(keep_rows):
            raise ValueError("keep_rows needs one value for each pageview")
        self._batches.append(Batch(site_id, state.last_hit_id, list(pageviews), list(keep_rows)))
        state.last_hit_id += sum(map(bool, keep_rows))
        times = [pageview.created_at for pageview in pageviews]
        if state.first_hit_at is not None:
            times.append(state.first_hit_at)
        state.first_hit_at = min(times, default=None)
        return state.last_hit_id

    def tally(self, site_id: int, day: int, reason: str, count: int) -> None:
        """See the protocol."""
        self._check([site_id])
        self._tallies[site_id, day, storable(reason)] += count

    def move(self, segment: str, position: int) -> None:
        """See the protocol."""
        self._positions[segment] = position

    def flush(self) -> None:
        """Store everything gathered: the last thing inside the database transaction."""
        self._flush_sessions()
        self._flush_pageviews()
        write = self._database
        titles = [(title, *place) for place, title in self._titles.items()]
        write.update(PATHS, "title", titles)
        write.upsert(SEEN_IDS, _sorted(self._seen), change="seen_at = excluded.seen_at")
        write.upsert(TALLIES, _sorted(self._tallies), change=COUNT_UP.format("tallies"))
        positions = sorted(self._positions.items())
        write.upsert(POSITIONS, positions, change="position = excluded.position")
        ledger = [state.row for state in self._states.values()]
        write.upsert(SITE_LEDGER, ledger, change=REPLACE_LEDGER)

    def settle(self) -> None:
        """It is committed: what was learned about the sites may be used again."""
        for state in self._states.values():
            self._shelf.put(state)

    def _flush_sessions(self) -> None:
        rows = [
            (site_id, token, s.key, s.started_at, s.last_at, s.touched_at, _packed(s.paths))
            for (site_id, token), s in sorted(self._sessions.items(), key=itemgetter(0))
        ]
        self._database.upsert(SESSIONS, rows, change=_replace(SESSIONS.columns[2:]))
        self._sessions.clear()

    def _flush_pageviews(self) -> None:
        rollups.learn_dimensions(self._database, self._states, self._batches)
        rows: list[Row] = []
        visits: list[Row] = []
        for batch in self._batches:
            some_rows, some_visits = rollups.rows_and_visits(self._states[batch.site_id], batch)
            rows += some_rows
            visits += some_visits
        self._database.insert(HITS, rows)
        for table, counts in rollups.collapse(visits):
            self._database.upsert(table, counts, change=COUNT_UP.format(table.name))

    def _state(self, site_id: int) -> SiteState:
        self._check([site_id])
        return self._states[site_id]

    def _check(self, site_ids: Iterable[int]) -> None:
        for site_id in site_ids:
            if site_id not in self._states:
                raise RuntimeError(f"site {site_id} is not locked")


def lock_ledger(database: Database, site_ids: Sequence[int]) -> list[Row]:
    """The ledger rows of these sites (ascending), locked until the transaction ends, made if absent.

    On SQLite the transaction itself is the lock (IMMEDIATE), and the rows are made at its end.
    """
    if not database.is_postgresql:
        rows = database.matching(SITE_LEDGER, ("site_id",), [(site_id,) for site_id in site_ids])
        found = {row[0]: row for row in rows}
        return [found.get(site_id) or SiteState.new(site_id).row for site_id in site_ids]
    if not site_ids:
        return []
    database.execute(
        "INSERT INTO site_ledger (site_id) SELECT unnest(%s::integer[]) ON CONFLICT DO NOTHING",
        [list(site_ids)],
    )
    return database.query(
        f"SELECT {', '.join(SITE_LEDGER.columns)} FROM site_ledger"
        " WHERE site_id = ANY(%s::integer[]) ORDER BY site_id FOR UPDATE",
        [list(site_ids)],
    )


def _sorted(
    counts: Mapping[tuple[int, ...], int]
    | Mapping[tuple[int, bytes], int]
    | Counter[tuple[int, int, str]],
) -> list[Row]:
    return sorted((*key, value) for key, value in counts.items())


def _packed(paths: Iterable[int]) -> bytes:
    return array("I", list(paths)).tobytes()


def _replace(columns: Iterable[str]) -> str:
    return ", ".join(f"{column} = excluded.{column}" for column in columns)


REPLACE_LEDGER = _replace(SITE_LEDGER.columns[1:])
