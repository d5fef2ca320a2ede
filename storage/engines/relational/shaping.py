"""What a scan makes of the values that it meets: each is read and shaped once."""

from collections.abc import Callable
from typing import Any, Generic, Protocol

from storage.engines.relational.columns import Chunk
from storage.engines.relational.sql import Database, Row
from storage.engines.relational.tables import BROWSERS, CAMPAIGNS, PATHS, REFS, SYSTEMS, Table
from storage.types import Shape, ShapedRows, Shapes, Span, StoredHit

KEPT = 100_000
"""Values of one column that a scan remembers before it starts anew."""


class Shelf(Protocol[Shape]):
    """The values of one column that one scan has met, shaped."""

    def take(self, column: list[str]) -> list[Shape]:
        """Each in its shape."""


class Texts(Generic[Shape]):
    """Of a column of ids: the rows of their table. Id 0 has no row: it stands for `nothing`."""

    def __init__(
        self,
        database: Database,
        site_id: int,
        table: Table,
        shape: Callable[..., Shape],
        nothing: Row,
    ) -> None:
        self._database, self._site_id, self._table = database, site_id, table
        self._shape = shape
        self._nothing = {"0": shape(*nothing)}
        self._known = dict(self._nothing)

    def take(self, column: list[str]) -> list[Shape]:
        """See the protocol. Errors: `KeyError` where one is not there (any more)."""
        if len(self._known) > KEPT:
            self._known = dict(self._nothing)
        try:
            return list(map(self._known.__getitem__, column))
        except KeyError:  # some are new: most often none is, and a set of them takes time
            self._learn(set(column) - self._known.keys())
            return list(map(self._known.__getitem__, column))

    def are_there(self, column: list[str]) -> list[bool]:
        """Which of those that `take` has just refused have a row."""
        return [each in self._known for each in column]

    def _learn(self, ids: set[str]) -> None:
        keys = [(self._site_id, int(each)) for each in ids]
        for _, row_id, _, *texts in self._database.matching(self._table, self._table.key, keys):
            self._known[str(row_id)] = self._shape(*texts)


class Values(dict[str, Shape]):
    """Of a column of values: what `read` makes of the database's text, shaped."""

    def __init__(self, read: Callable[[str], Any], shape: Callable[[Any], Shape]) -> None:
        self._read, self._shape = read, shape

    def __missing__(self, text: str) -> Shape:
        shaped = self[text] = self._shape(self._read(text))
        return shaped

    def take(self, column: list[str]) -> list[Shape]:
        """See the protocol."""
        if len(self) > KEPT:
            self.clear()
        return list(map(self.__getitem__, column))


class Shelves(Generic[Shape]):
    """All of one scan. `columns` are those of hits that it needs."""

    def __init__(self, database: Database, site_id: int, shapes: Shapes[Shape]) -> None:
        def path(path: str, title: str, event: int) -> Shape:
            return shapes.path(path, title, bool(event))  # SQLite keeps a number

        def texts(table: Table, shape: Callable[..., Shape], *nothing: object) -> Texts[Shape]:
            return Texts(database, site_id, table, shape, nothing)

        self._paths = texts(PATHS, path, "", "", False)
        self._others: dict[str, Shelf[Shape]] = {
            "ref_id": texts(REFS, shapes.ref, "", ""),
            "browser_id": texts(BROWSERS, shapes.browser, "", ""),
            "system_id": texts(SYSTEMS, shapes.system, "", ""),
            "width": Values(int, shapes.width),
            "location": Values(_text, shapes.location),
            "first_visit": Values("1".__eq__, shapes.first_visit),
            "hour": Values(int, shapes.hour),
            "second": Values(int, shapes.second),
        }
        if shapes.campaign:
            self._others["campaign_id"] = texts(CAMPAIGNS, shapes.campaign, "")
        if shapes.language:
            self._others["language"] = Values(_text, shapes.language)
        own = ["session", "hit_id"] if shapes.hit_ids else ["session"]
        self.columns = ["path_id", *self._others, *own]

    def shaped(self, chunk: Chunk) -> ShapedRows[Shape]:
        """The rows with what their ids stand for, but those whose path has been purged since they were read."""
        try:
            paths = self._paths.take(chunk.columns["path_id"])
        except KeyError:
            there = self._paths.are_there(chunk.columns["path_id"])
            return self.shaped(chunk.only(there))
        made = {name: shelf.take(chunk.columns[name]) for name, shelf in self._others.items()}
        return ShapedRows(
            count=chunk.count,
            upto=chunk.last,
            hit_ids=chunk.columns.get("hit_id", []),
            paths=paths,
            refs=made["ref_id"],
            campaigns=made.get("campaign_id", []),
            browsers=made["browser_id"],
            systems=made["system_id"],
            widths=made["width"],
            locations=made["location"],
            languages=made.get("language", []),
            sessions=chunk.columns["session"],
            first_visits=made["first_visit"],
            hours=made["hour"],
            seconds=made["second"],
        )


def within_span(chunk: Chunk, span: Span) -> Chunk:
    """Its rows that were created in the span."""
    times = zip(chunk.columns["hour"], chunk.columns["second"], strict=True)
    return chunk.only([span.holds(int(hour) * 3600 + int(second)) for hour, second in times])


def stored_hits(batch: ShapedRows[Any]) -> list[StoredHit]:
    """The rows as whole values, from those shaped `AS_THEY_ARE`."""
    rows = zip(
        *(batch.hit_ids, batch.paths, batch.refs, batch.campaigns, batch.browsers, batch.systems),
        *(batch.widths, batch.locations, batch.languages, batch.sessions, batch.first_visits),
        *(batch.hours, batch.seconds),
        strict=True,
    )
    hits = []
    for hit_id, path, ref, campaign, browser, system, *rest, session, first, hour, second in rows:
        texts = (*path, *ref, *campaign, *browser, *system, *rest)
        tail = (bytes.fromhex(session), first, hour * 3600 + second)
        hits.append(StoredHit(*(int(hit_id), *texts, *tail)))
    return hits


def _itself(value: Any) -> Any:
    return value


def _text(digits: str) -> str:
    return bytes.fromhex(digits).decode()


AS_THEY_ARE: Shapes[Any] = Shapes(
    hit_ids=True,
    path=lambda *texts: texts,
    ref=lambda *texts: texts,
    campaign=lambda *texts: texts,
    browser=lambda *texts: texts,
    system=lambda *texts: texts,
    width=_itself,
    location=_itself,
    language=_itself,
    first_visit=_itself,
    hour=_itself,
    second=_itself,
)
