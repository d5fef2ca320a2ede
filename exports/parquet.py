"""Parquet: the columns of the JSON lines, typed. Imported when one is built, because pyarrow is large."""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import add
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


def _itself(value: Any) -> Any:
    return value


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
    hour=lambda hour: hour * 3_600_000,
    second=lambda second: second * 1000,
)


@contextmanager
def row_groups(target: Any) -> Iterator[Sink]:
    """Rows are gathered until they make a group; zstd compresses its pages."""
    waiting: list[pa.RecordBatch] = []

    def gather(batch: ShapedRows[Any]) -> None:
        if batch.count:
            waiting.append(columns(batch))
        if sum(each.num_rows for each in waiting) >= GROUP:
            flush()

    def flush() -> None:
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))
            waiting.clear()

    with ParquetWriter(target, SCHEMA, compression="zstd", use_dictionary=SHARED) as writer:
        yield Sink(AS_THEY_ARE, gather)
        flush()
    pa.default_memory_pool().release_unused()


def columns(batch: ShapedRows[Any]) -> pa.RecordBatch:
    """The rows, at least one, in columns."""
    texts = (batch.paths, batch.refs, batch.campaigns, batch.browsers, batch.systems)
    values = (
        list(map(int, batch.hit_ids)),
        *(column for shared in texts for column in zip(*shared, strict=True)),
        *(batch.widths, batch.locations, batch.languages),
        [session or None for session in batch.sessions],
        batch.first_visits,
        list(map(add, batch.hours, batch.seconds)),
    )
    arrays = [pa.array(each, field.type) for each, field in zip(values, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
