"""The promises of the storage seam. Engines keep them; nobody outside knows which engine runs."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from storage.types import (
    ALWAYS,
    Census,
    Pageview,
    PathKey,
    Salt,
    Session,
    Shape,
    ShapedRows,
    Shapes,
    Span,
    StoredHit,
)


class TryAgain(Exception):
    """The storage did not get to it: it is away, or gave up waiting. The same may work later."""


class Unstorable(Exception):
    """The data itself is refused, and will be however often it is tried."""


class Transaction(Protocol):
    """One atomic step of the drain: everything in it is stored when the block ends, or nothing is."""

    def lock(self, site_ids: Iterable[int]) -> dict[int, int]:
        """Lock the ledger rows of these sites (in ascending order, made if absent) until the end.

        Gives site id → revision: how many transactions have locked the site before. What a drain
        remembers of a site (sessions) is right only if this is one more than the revision it was
        given last. `last_hit_id` could not tell: it stands still where rows are not kept.

        Everything below needs the lock of its site. A further call in the same transaction may
        only name larger ids.
        """

    def unseen(self, site_id: int, keys: Sequence[bytes], *, now: int) -> set[bytes]:
        """Those of `keys` (16 bytes each, no repeats) not seen in the last 48 h; all are seen from now on."""

    def unseen_of(self, keys: Mapping[int, Sequence[bytes]], *, now: int) -> dict[int, set[bytes]]:
        """`unseen` for many sites at once (site → keys), in the time of one."""

    def path_ids(self, site_id: int, paths: Sequence[PathKey]) -> list[int]:
        """The ids of `paths`, in their order; new ones are made.

        Paths are one per site and lower-cased text; the first spelling stays. A non-empty title
        replaces the stored one (the newest wins).
        """

    def path_ids_of(self, paths: Mapping[int, Sequence[PathKey]]) -> dict[int, list[int]]:
        """`path_ids` for many sites at once."""

    def sessions(self, site_id: int, keys: Iterable[bytes]) -> list[Session]:
        """All sessions kept for these keys, with the paths they have visited."""

    def sessions_of(self, keys: Mapping[int, Iterable[bytes]]) -> dict[int, list[Session]]:
        """`sessions` for many sites at once."""

    def save_sessions(self, site_id: int, sessions: Iterable[Session]) -> None:
        """Store new or changed sessions, each with all the paths that it has visited.

        A session is known by its `session` bytes; its `key` may change (salts rotate).
        """

    def append(
        self, site_id: int, pageviews: Sequence[Pageview], *, keep_rows: Sequence[bool]
    ) -> int:
        """Give hit ids after `last_hit_id`, write rows and the eight rollups; the new `last_hit_id`.

        Only first visits count in the rollups. Where `keep_rows` is false the pageview is counted
        in the rollups and has no row and no id (collect switch "individual pageviews").
        """

    def tally(self, site_id: int, day: int, reason: str, count: int) -> None:
        """Add to the counter of `reason` on `day` (days since 1970, UTC)."""

    def move(self, segment: str, position: int) -> None:
        """Journal `segment` is consumed up to byte `position`."""


class Ledger(Protocol):
    """Per-site counters, journal positions, sessions, seen ids, salts."""

    def begin(self, *, rehearsal: bool = False) -> AbstractContextManager[Transaction]:
        """Open the drain's transaction (SQLite: takes the one write lock at once).

        A rehearsal goes through everything, and then nothing of it is stored.
        Errors, also when the block ends: `TryAgain`, `Unstorable`.
        """

    def positions(self, prefix: str) -> dict[str, int]:
        """Segment name → consumed bytes, for the segments whose name starts with `prefix`. Errors: `TryAgain`."""

    def forget_segment(self, segment: str) -> None:
        """Drop a position once its file is gone (never before). Errors: `TryAgain`."""

    def tallies(self, site_id: int) -> dict[tuple[int, str], int]:
        """(day, reason) → count."""

    def salts(self, *, now: int) -> tuple[Salt, Salt]:
        """The current and the previous salt, made or rotated first if the current is 8 h old.

        Safe to call from any process at any time: of two rotations at once one wins. Salts older
        than the previous are destroyed by the rotation. After 16 h without a call both are new.
        """

    def purge_short_lived(self, *, now: int) -> None:
        """Drop ids seen over 48 h ago and sessions untouched for over 24 h."""


class Vault(Protocol):
    """Rows and rollups, read."""

    def visible_upto(self, site_id: int) -> int:
        """The largest hit id that is committed; ids up to it are all visible and never change (0: none)."""

    def scan(
        self, site_id: int, *, after: int, upto: int, within: Span = ALWAYS, limit: int = 5000
    ) -> Iterator[list[StoredHit]]:
        """Rows with `after` < id ≤ `upto` in ascending order, in lists of ≤ `limit`, each read in its own
        short transaction: nothing is held open between two lists.

        Rows created outside of `within` are left out. A list stands for at most `limit` rows looked at,
        so it may be empty: the caller is never kept waiting by a span that holds little.
        """

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
        """The rows of `scan` for whoever wants a million of them: values that many share are shaped once.

        The next list may be read while the caller is busy with one: who leaves before the end closes it.
        """

    def rollup(self, site_id: int, name: str) -> Mapping[tuple[object, ...], int]:
        """The whole rollup `name` (see `types.ROLLUPS`) as (hour, path, dimension texts…) → count. For checks."""

    def first_hit_at(self, site_id: int) -> int | None:
        """Seconds of the oldest pageview, None while there is none. One counted without a row is one too."""

    def visits(self, site_id: int, *, path: str | None, since: int, before: int) -> int:
        """First visits of `path` (any case; None: of the whole site) with `since` ≤ hour < `before`.

        Hours as in the rollups. 0 for a path that is unknown.
        """


class Audit(Protocol):
    """Ledger, rows and rollups held against each other; for `manage.py doctor`. Errors: those of the database."""

    def site_ids(self) -> list[int]:
        """Every site of which the ledger, a row or a path is stored."""

    def census(self, site_id: int) -> Census:
        """Read at one moment, whatever is stored meanwhile; nobody waits for it."""

    def first_gap(self, site_id: int) -> int | None:
        """The smallest hit id up to `last_hit_id` that has no row."""

    def recount(self, site_id: int) -> None:
        """Make the eight rollups anew from the rows. The site is locked meanwhile: the drain waits."""

    def nameless(self, site_id: int) -> dict[str, int]:
        """Table of texts → rows with an id that is not in it, where there are any."""

    def catch_up(self, site_id: int) -> None:
        """Raise the ledger's ids to the largest ones stored, and see to `first_hit_at`. Lowers no id.

        The site is locked meanwhile, and what drains remember of it is void.
        """


class Storage(Protocol):
    """Both halves of one engine."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def vault(self) -> Vault: ...

    @property
    def audit(self) -> Audit: ...

    def alone(self) -> AbstractContextManager[None]:
        """Only one process of all hosts is in such a block at a time: for what changes the tables."""

    def version(self) -> str:
        """Name and version of the database, asked of it now. Errors: those of the database."""
