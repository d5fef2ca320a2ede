"""What a scan makes of the dimension rows that it meets: each is read and shaped once."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Generic

from storage.engines.relational.sql import Database, Row
from storage.engines.relational.tables import BROWSERS, CAMPAIGNS, PATHS, REFS, SYSTEMS, Table
from storage.types import KeptRow, Shape, ShapedRows, Shapes, StoredHit

KEPT = 100_000
"""Rows of one table that a scan remembers before it starts anew."""

AS_TEXTS: Shapes[Row] = Shapes(*[lambda *texts: texts] * 5)


class Shelf(Generic[Shape]):
    """The rows of one table that one scan has met, shaped, by id. Id 0 has no row: it stands for `nothing`."""

    def __init__(
        self,
        database: Database,
        site_id: int,
        table: Table,
        shape: Callable[..., Shape],
        nothing: Row,
    ) -> None:
        self._database, self._site_id, self._table = database, site_id, table
        self._shape, self._nothing = shape, nothing
        self._known: dict[int, Shape] = {}

    def learn(self, ids: set[int]) -> Mapping[int, Shape]:
        """At least these, but those that are not there (any more)."""
        if len(self._known) > KEPT:  # a new one: the caller may still be using the old one
            self._known = {}
        wanted = ids - self._known.keys()
        if 0 in wanted:
            self._known[0] = self._shape(*self._nothing)
        keys = [(self._site_id, each) for each in wanted if each]
        for _, row_id, _, *texts in self._database.matching(self._table, self._table.key, keys):
            self._known[row_id] = self._shape(*texts)
        return self._known


class Shelves(Generic[Shape]):
    """All of one scan."""

    def __init__(self, database: Database, site_id: int, shapes: Shapes[Shape]) -> None:
        def path(path: str, title: str, event: int) -> Shape:
            return shapes.path(path, title, bool(event))  # SQLite keeps a number

        self._shelves = [
            Shelf(database, site_id, table, shape, nothing)
            for table, shape, nothing in (
                (PATHS, path, ("", "", False)),
                (REFS, shapes.ref, ("", "")),
                (BROWSERS, shapes.browser, ("", "")),
                (SYSTEMS, shapes.system, ("", "")),
                (CAMPAIGNS, shapes.campaign, ("",)),
            )
        ]

    def shaped(self, rows: list[KeptRow], upto: int) -> ShapedRows[Shape]:
        """`rows` of table hits (without the site) with what their ids stand for."""
        ids = [set(map(itemgetter(column), rows)) for column in range(1, 6)]
        paths, *others = (shelf.learn(some) for shelf, some in zip(self._shelves, ids, strict=True))
        if not ids[0] <= paths.keys():  # some have been purged between the two reads
            rows = [row for row in rows if row[1] in paths]
        return ShapedRows(rows, upto, paths, *others)


def stored_hits(batch: ShapedRows[Row]) -> list[StoredHit]:
    """The rows as whole values, from those shaped `AS_TEXTS`."""
    hits = []
    for (
        hit_id, path, ref, browser, system, campaign, width, location, language, session, first, at
    ) in batch.rows:  # fmt: skip
        texts = batch.paths[path] + batch.refs[ref] + batch.campaigns[campaign]
        names = batch.browsers[browser] + batch.systems[system]
        tail = (width, location, language, session or b"", first == 1, at)
        hits.append(StoredHit(*(hit_id, *texts, *names, *tail)))
    return hits
