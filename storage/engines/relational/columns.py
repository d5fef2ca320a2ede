"""Rows of hits for whoever wants a million of them: a batch is one row of the database, one text for each column.

Either database makes such a text faster than its driver makes thousands of rows of Python's values, and makes
it without the interpreter lock: so the next batch is read while the caller works on the one before.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import compress
from typing import TypeVar

from storage.engines.relational.sql import Database
from storage.engines.relational.tables import HITS

Item = TypeVar("Item")

SHIFT = 3600 * 10**9
"""Added to a time while it is divided: the databases round towards 0, hours begin below."""

NUMBERS = {
    **{name: name for name in HITS.columns},
    "hour": f"(created_at + {SHIFT}) / 3600 - {SHIFT // 3600}",
    "second": f"(created_at + {SHIFT}) %% 3600",  # doubled for the drivers
}
TEXTS = ("location", "language")


@dataclass(frozen=True, slots=True)
class Chunk:
    """So many rows, up to id `last`, in columns by name. Numbers are decimal, texts and bytes hexadecimal."""

    count: int
    last: int
    columns: dict[str, list[str]]

    def only(self, keep: Sequence[bool]) -> "Chunk":
        """Those rows for which `keep` says so."""
        columns = {name: list(compress(column, keep)) for name, column in self.columns.items()}
        return Chunk(sum(keep), self.last, columns)


def chunks(
    database: Database, site_id: int, names: Sequence[str], *, after: int, upto: int, limit: int
) -> Iterator[Chunk]:
    """A site's rows with `after` < id ≤ `upto`, in order, `limit` at a time, each in a transaction of its own.

    The inner question is in order and the outer one takes rows as they come: PostgreSQL promises that,
    SQLite does it (its own ORDER BY within an aggregate is too new, and sorts).
    """
    joined = _joined_on_postgresql if database.is_postgresql else _joined_on_sqlite
    needed = ", ".join(HITS.columns[1:])
    sql = (
        f"SELECT count(*), max(hit_id), {', '.join(map(joined, names))} FROM (SELECT {needed} FROM hits"
        " WHERE site_id = %s AND hit_id > %s AND hit_id <= %s ORDER BY hit_id LIMIT %s) AS batch"
    )
    while True:
        [(count, last, *texts)] = database.query_many(sql, [site_id, after, upto, limit])
        if count:
            columns = [text.lower().split(" ") for text in texts]  # SQLite's digits are capitals
            yield Chunk(count, last, dict(zip(names, columns, strict=True)))
        if count < limit:
            return
        after = last


def ahead(database: Database, items: Iterator[Item]) -> Iterator[Item]:
    """`items`, the next of which is made meanwhile, in a thread that has a connection of its own.

    Within a caller's transaction it is made when it is asked for: that thread would not see what is not committed.
    """
    if database.in_transaction:
        yield from items
        return
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        try:
            coming = thread.submit(next, items, None)
            while (item := coming.result()) is not None:
                coming = thread.submit(next, items, None)
                yield item
        finally:
            thread.submit(database.disconnect)


def _joined_on_sqlite(name: str) -> str:
    if name == "session" or name in TEXTS:
        return f"group_concat(hex({name}), ' ')"
    return f"group_concat({NUMBERS[name]}, ' ')"


def _joined_on_postgresql(name: str) -> str:
    if name == "session":
        text = "coalesce(encode(session, 'hex'), '')"
    elif name in TEXTS:
        text = f"encode(convert_to({name}, 'UTF8'), 'hex')"
    elif name == "first_visit":
        text = "first_visit::int::text"
    else:
        text = f"({NUMBERS[name]})::text"
    return f"string_agg({text}, ' ')"
