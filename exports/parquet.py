"""Parquet: the columns of the JSON lines, typed. Imported when one is built, because pyarrow is large."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from exports.writers import Sink
from storage.types import ShapedRows, Shapes

SCHEMA = pa.schema(
    {
        "hit_id": pa.int64(),
        "path": pa.string(),
        "title": pa.string(),
        "event": pa.bool_(),
        "ref": pa.string(),
        "ref_scheme": pa.string(),
        "campaign": pa.string(),
        "browser": pa.string(),
        "browser_version": pa.string(),
        "system": pa.string(),
        "system_version": pa.string(),
        "size": pa.int32(),
        "location": pa.string(),
        "language": pa.string(),
        "session": pa.string(),
        "first_visit": pa.bool_(),
        "created_at": pa.timestamp("ms", tz="UTC"),
    }
)
"""Nothing but `session` is ever null. It is text, as in JSON lines: all tools show and compare that alike."""

SHARED = [name for name in SCHEMA.names if name not in ("hit_id", "session", "created_at")]
"""Columns whose values come again: they are kept once for each row group."""

GROUP = 10_000
"""Rows of a row group: what is in memory at a time."""

AS_TEXTS: Shapes[tuple[Any, ...]] = Shapes(*[lambda *texts: texts] * 5)


@contextmanager
def row_groups(target: Any) -> Iterator[Sink]:
    """Rows are gathered until they make a group; zstd compresses its pages."""
    waiting: list[pa.RecordBatch] = []

    def add(batch: ShapedRows[tuple[Any, ...]]) -> None:
        if batch.rows:
            waiting.append(columns(batch))
        if sum(each.num_rows for each in waiting) >= GROUP:
            flush()

    def flush() -> None:
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))
            waiting.clear()

    with ParquetWriter(target, SCHEMA, compression="zstd", use_dictionary=SHARED) as writer:
        yield Sink(AS_TEXTS, add)
        flush()
    pa.default_memory_pool().release_unused()


def columns(batch: ShapedRows[tuple[Any, ...]]) -> pa.RecordBatch:
    """The rows, at least one, in columns."""
    (
        hit_ids, paths, refs, browsers, systems, campaigns, sizes, locations, languages, sessions, firsts, times
    ) = zip(*batch.rows, strict=True)  # fmt: skip
    values = (
        hit_ids,
        *zip(*map(batch.paths.__getitem__, paths), strict=True),
        *zip(*map(batch.refs.__getitem__, refs), strict=True),
        *zip(*map(batch.campaigns.__getitem__, campaigns), strict=True),
        *zip(*map(batch.browsers.__getitem__, browsers), strict=True),
        *zip(*map(batch.systems.__getitem__, systems), strict=True),
        *(sizes, locations, languages, [session and session.hex() for session in sessions]),
        *([first == 1 for first in firsts], [at * 1000 for at in times]),
    )
    arrays = [pa.array(each, field.type) for each, field in zip(values, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
