"""Bulk statements, said once for both databases.

SQLite gets statements with the values of hundreds of rows, and the rest row by row (`executemany`).
PostgreSQL gets COPY where rows are only added, else one statement with an array per column
(`unnest`); both are written as text here, because the driver's own adapters take many times as long.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import lru_cache, partial
from itertools import chain, islice
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from storage.engines.relational.tables import Table

Row = tuple[Any, ...]

ALONE = 0x60A7  # any number, as long as nobody else takes it
CHUNK = 400
"""Rows or keys in one statement for SQLite: one full-size statement stays prepared, and is under every limit."""


class Database:
    """The database behind one alias, with the few statements this engine needs."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    @property
    def is_postgresql(self) -> bool:
        """Whether rows have to be locked and arrays written; else it is SQLite."""
        return self._connection().vendor == "postgresql"

    def atomic(self) -> AbstractContextManager[None]:
        """A transaction that is the outermost one: when its block ends, it is stored."""
        self._revive()
        return transaction.atomic(using=self.alias, durable=True)

    def undo(self) -> None:
        """Have the open transaction end with nothing stored."""
        transaction.set_rollback(True, using=self.alias)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else, on any host, is in such a block meanwhile (SQLite: one host, nothing to do)."""
        if not self.is_postgresql:
            yield
            return
        self.query("SELECT pg_advisory_lock(%s)", [ALONE])
        try:
            yield
        finally:
            self.query("SELECT pg_advisory_unlock(%s)", [ALONE])

    @property
    def in_transaction(self) -> bool:
        """Whether a caller's transaction is open on this thread's connection."""
        return bool(self._connection().in_atomic_block)

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a question; nothing stays open afterwards."""
        self._revive()
        with self._connection().cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def patient_query(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        """A question by name that may take its time: an operator waits for it, and no request."""
        self._revive()
        with transaction.atomic(using=self.alias) if self.is_postgresql else nullcontext():
            self.take_time()
            with self._connection().cursor() as cursor:
                cursor.execute(sql, values)
                return list(cursor.fetchall())

    def take_time(self) -> None:
        """Lift the bound on statements for the open transaction. SQLite has none."""
        if self.is_postgresql:
            self.execute("SET LOCAL statement_timeout = 0")

    def query_many(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """`query` for a long walk. PostgreSQL sends in binary, which the driver reads in half the time:
        Django's own cursors have text only."""
        if not self.is_postgresql:
            rows = self.query(sql, values)
            self.query(
                "PRAGMA shrink_memory"
            )  # a long walk reads each page once: keeping it is no use
            return rows
        from psycopg import Cursor  # noqa: PLC0415  # SQLite does without the driver

        self._revive()
        connection = self._connection()
        connection.ensure_connection()
        with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
            return list(cursor.execute(sql, values, binary=True).fetchall())

    def disconnect(self) -> None:
        """Close this thread's connection, before the thread ends."""
        self._connection().close()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """A statement without an answer."""
        self._revive()
        with self._connection().cursor() as cursor:
            cursor.execute(sql, values or None)

    def insert(self, table: Table, rows: Sequence[Row], *, on_conflict: str = "") -> None:
        """Add `rows`; `on_conflict` is the rest of the statement, the same in both dialects."""
        self._bulk(
            f"INSERT INTO {table.name} ({', '.join(table.columns)})", table, rows, on_conflict
        )

    def upsert(self, table: Table, rows: Sequence[Row], *, change: str) -> None:
        """Add `rows`, or `change` the one that has the key. No key may be in `rows` twice."""
        self.insert(
            table, rows, on_conflict=f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {change}"
        )

    def update(self, table: Table, column: str, rows: Sequence[Row]) -> None:
        """Set `column` where the key is; a row is (value, *key)."""
        names = (column, *table.key)
        if self.is_postgresql:
            where = " AND ".join(f"{table.name}.{name} = w.{name}" for name in table.key)
            sql = f"UPDATE {table.name} SET {column} = w.{column} FROM {_wanted(table, names)} WHERE {where}"
            self._with_arrays(sql, table, names, rows)
        else:
            self._each(f"UPDATE {table.name} SET {column} = %s WHERE {_equal(table.key)}", rows)

    def delete(self, table: Table, by: tuple[str, ...], rows: Sequence[Row]) -> None:
        """Drop what has any of these values in the columns `by`."""
        if self.is_postgresql:
            where = " AND ".join(f"{table.name}.{name} = w.{name}" for name in by)
            sql = f"DELETE FROM {table.name} USING {_wanted(table, by)} WHERE {where}"
            self._with_arrays(sql, table, by, rows)
        else:
            self._each(f"DELETE FROM {table.name} WHERE {_equal(by)}", rows)

    def matching(
        self, table: Table, by: tuple[str, ...], rows: Iterable[Row], *, index: str = ""
    ) -> list[Row]:
        """The rows of `table`, whole, that have any of these values in the columns `by`.

        `index` is the one to use if it is not unique: SQLite would rather walk all of a site's rows.
        """
        if not (wanted := list(rows)):
            return []
        names = ", ".join(f"{table.name}.{name}" for name in table.columns)
        if self.is_postgresql:
            sql = f"SELECT {names} FROM {table.name} JOIN {_wanted(table, by)} USING ({', '.join(by)})"
            return self.query(sql, _arrays(table, by, wanted))
        # CROSS JOIN: SQLite keeps this order, so it looks each key up by the index.
        source = f"{table.name} INDEXED BY {index}" if index else table.name
        head = f"WITH w({', '.join(by)}) AS ("
        tail = f") SELECT {names} FROM w CROSS JOIN {source} USING ({', '.join(by)})"
        found: list[Row] = []
        with self._sqlite() as cursor:
            for chunk in _chunks(wanted):
                cursor.execute(_statement(head, len(by), len(chunk), tail), _values(chunk))
                found += cursor.fetchall()
        return found

    def _bulk(self, head: str, table: Table, rows: Sequence[Row], tail: str) -> None:
        if self.is_postgresql and not tail:
            self._copy(table, rows)
        elif self.is_postgresql:
            # WHERE true: without it the grammar reads ON CONFLICT as part of the FROM.
            sql = f"{head} SELECT * FROM {_wanted(table, table.columns)} WHERE true {tail}"
            self._with_arrays(sql, table, table.columns, rows)
        else:
            self._many_at_once(head + " ", len(table.columns), rows, " " + tail)

    def _many_at_once(self, head: str, width: int, rows: Sequence[Row], tail: str) -> None:
        """A statement for every `CHUNK` rows, which SQLite takes a third less time for than row by row."""
        if not rows:
            return
        whole = len(rows) - len(rows) % CHUNK
        with self._sqlite() as cursor:
            for first in range(0, whole, CHUNK):
                chunk = rows[first : first + CHUNK]
                cursor.execute(_statement(head, width, CHUNK, tail), _values(chunk))
            cursor.executemany(_statement(head, width, 1, tail), rows[whole:])

    def _each(self, sql: str, rows: Sequence[Row]) -> None:
        if rows:
            with self._cursor() as cursor:
                cursor.executemany(sql, rows)

    def _copy(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            sql = f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN"
            # Django turns the driver's errors into its own for plain statements alone.
            in_our_words = self._connection().wrap_database_errors
            with in_our_words, self._cursor() as cursor, cursor.copy(sql) as copy:
                for chunk in _chunks(rows):  # the server reads one while the next is written
                    copy.write(_lines(table, chunk))

    def _with_arrays(
        self, sql: str, table: Table, names: tuple[str, ...], rows: Sequence[Row]
    ) -> None:
        if rows:
            self.execute(sql, _arrays(table, names, rows))

    @contextmanager
    def _sqlite(self) -> Iterator[Any]:
        """SQLite's own cursor, its errors in Django's words: Django's cursor would search our long statements
        for its kind of marks."""
        self._revive()
        connection = self._connection()
        connection.ensure_connection()
        with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
            yield cursor

    def _cursor(self) -> CursorWrapper:
        return self._connection().cursor()

    def _connection(self) -> BaseDatabaseWrapper:
        return connections[self.alias]

    def _revive(self) -> None:
        """Drop a connection that has broken: outside a request Django never looks."""
        connection = self._connection()
        if connection.errors_occurred and not connection.in_atomic_block:
            connection.errors_occurred = False
            if not connection.is_usable():
                connection.close()


@lru_cache(64)
def _statement(head: str, width: int, count: int, tail: str) -> str:
    """One for `count` rows of `width` values; the same object each time, so that it stays prepared."""
    row = f"({','.join('?' * width)})"
    return f"{head}VALUES {','.join([row] * count)}{tail}"


def _values(rows: Iterable[Row]) -> list[Any]:
    return list(chain.from_iterable(rows))


def _equal(names: Iterable[str]) -> str:
    return " AND ".join(f"{name} = %s" for name in names)


def _wanted(table: Table, names: tuple[str, ...]) -> str:
    """The arrays as a table `w`, each cast to its column's type."""
    arrays = ", ".join(f"%s::{table.types[name]}[]" for name in names)
    return f"unnest({arrays}) AS w({', '.join(names)})"


def _chunks(rows: Iterable[Row]) -> Iterable[list[Row]]:
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _arrays(table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> list[str]:
    """`rows` turned into one array literal for each column."""
    columns = zip(*rows, strict=True)
    return [
        "{" + ",".join(ARRAY_ITEMS[table.types[name]](column)) + "}"
        for name, column in zip(names, columns, strict=True)
    ]


def _lines(table: Table, rows: Sequence[Row]) -> str:
    """`rows` as the text that COPY reads."""
    columns = zip(*rows, strict=True)
    fields = [
        COPY_FIELDS[kind](column)
        for kind, column in zip(table.types.values(), columns, strict=True)
    ]
    return "\n".join(map("\t".join, zip(*fields, strict=True))) + "\n"


def _numbers(column: Iterable[int | None]) -> Iterable[str]:
    return ["NULL" if value is None else str(value) for value in column]


def _texts(column: Iterable[str]) -> Iterable[str]:
    return ['"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in column]


def _bytes(column: Iterable[bytes]) -> Iterable[str]:
    return ['"\\\\x' + value.hex() + '"' for value in column]


def _copy_texts(column: Iterable[str]) -> Iterable[str]:
    return [text.translate(COPY_ESCAPES) for text in column]


def _copy_bytes(column: Iterable[bytes | None]) -> Iterable[str]:
    return ["\\N" if value is None else "\\\\x" + value.hex() for value in column]


Writer = Callable[[Iterable[Any]], Iterable[str]]

COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
ARRAY_ITEMS: dict[str, Writer] = {
    "integer": _numbers,
    "bigint": _numbers,
    "boolean": _numbers,
    "text": _texts,
    "bytea": _bytes,
}
COPY_FIELDS: dict[str, Writer] = {
    "integer": partial(map, str),
    "bigint": partial(map, str),
    "boolean": partial(map, str),
    "text": _copy_texts,
    "bytea": _copy_bytes,
}
