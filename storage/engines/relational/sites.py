"""What a transaction knows of the sites it has locked, and what is kept of that until the next one."""

from collections import OrderedDict
from threading import Lock

from storage.engines.relational.sql import Row
from storage.engines.relational.tables import BROWSERS, CAMPAIGNS, PATHS, REFS, SYSTEMS, Table

Texts = tuple[str, ...]

SHELF_SIZE = 150_000
"""Texts kept in memory over all sites: some 100 bytes each, and 2 kB at the very most."""

SITE_SIZE = 50_000
"""Texts kept of one site; over that it starts anew, so that one tenant can not fill the shelf."""

_DIMENSIONS = (PATHS, REFS, BROWSERS, SYSTEMS, CAMPAIGNS)


class SiteState:
    """The ledger row of one site, and the dimension ids already looked up. One transaction has it at a time."""

    __slots__ = (
        "first_hit_at",
        "ids",
        "last_hit_id",
        "last_ids",
        "paths",
        "revision",
        "site_id",
        "titles",
    )

    def __init__(self, row: Row) -> None:
        self.site_id: int = row[0]
        self.revision: int = row[1]
        self.last_hit_id: int = row[2]
        self.first_hit_at: int | None = row[3]
        self.last_ids: dict[str, int] = dict(
            zip((table.name for table in _DIMENSIONS), row[4:], strict=True)
        )
        self.ids: dict[str, dict[Texts, int]] = {table.name: {} for table in _DIMENSIONS[1:]}
        self.paths: dict[str, int] = {}
        self.titles: dict[int, str] = {}

    @classmethod
    def new(cls, site_id: int) -> "SiteState":
        """A site that has no ledger row yet."""
        return cls((site_id, 0, 0, None, *([0] * len(_DIMENSIONS))))

    @property
    def row(self) -> Row:
        """The ledger row as it is to be stored."""
        last_ids = self.last_ids.values()
        return (self.site_id, self.revision, self.last_hit_id, self.first_hit_at, *last_ids)

    def next_id(self, table: Table) -> int:
        """A new id of this dimension: no race, as the site is locked."""
        self.last_ids[table.name] += 1
        return self.last_ids[table.name]

    def size(self) -> int:
        """How many texts are remembered."""
        return len(self.paths) + len(self.titles) + sum(map(len, self.ids.values()))

    def forget_texts(self) -> None:
        """Start anew with nothing remembered."""
        self.paths.clear()
        self.titles.clear()
        for known in self.ids.values():
            known.clear()


class Shelf:
    """States of sites between two transactions, the least recently used dropped first.

    A transaction takes the state out and only a commit puts it back, so after a failure nothing
    is here. A state is right only if its ledger row is still the stored one: another drain that
    has been at the site has raised `revision`.
    """

    def __init__(self) -> None:
        self._states: OrderedDict[int, tuple[SiteState, int]] = OrderedDict()
        self._size = 0
        self._mutex = Lock()

    def take(self, row: Row) -> SiteState:
        """The state of the site whose stored ledger row is `row`."""
        with self._mutex:
            state, size = self._states.pop(row[0], (None, 0))
            self._size -= size
        return state if state is not None and state.row == row else SiteState(row)

    def put(self, state: SiteState) -> None:
        """Keep `state`; its transaction is committed."""
        if state.size() > SITE_SIZE:
            state.forget_texts()
        size = state.size() + 1
        with self._mutex:
            _, before = self._states.pop(state.site_id, (None, 0))
            self._states[state.site_id] = (state, size)
            self._size += size - before
            while self._size > SHELF_SIZE:
                self._size -= self._states.popitem(last=False)[1][1]
