"""From a scan of the storage to a file, in each format."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from isal import igzip_threaded

from exports import lines
from exports.lines import LineFormat
from exports.models import Format
from storage.types import ShapedRows, Shapes

GZIP_LEVEL = 1
"""isal's level 1 is a third larger than gzip's 6 and eight times as fast."""

BLOCK = 1 << 18
"""Bytes that are compressed at a time; four such blocks are in memory."""

BATCHES: dict[str, int] = {Format.CSV: 5000, Format.NDJSON: 5000, Format.PARQUET: 2500}
"""Rows that are read at a time. Fewer take more time: two threads hand them over. More take memory, most of all
as Parquet, whose library has taken 30 MiB already."""

Scan = Callable[[Shapes[Any]], Generator[ShapedRows[Any], None, None]]


@dataclass(frozen=True, slots=True)
class Sink:
    """Where rows go, and in which shapes it wants their texts."""

    shapes: Shapes[Any]
    add: Callable[[ShapedRows[Any]], object]


def write(target: Any, format: str, scan: Scan, *, progress: Callable[[int, int], None]) -> int:
    """Write what `scan` gives to the binary file `target`; gives the number of rows.

    `progress` is told after each batch: the rows so far, and up to which hit id all have been looked at.
    """
    rows = 0
    with SINKS[format](target) as sink, closing(scan(sink.shapes)) as batches:
        for batch in batches:
            sink.add(batch)
            rows += batch.count
            progress(rows, batch.upto)
    return rows


@contextmanager
def gzipped(form: LineFormat, target: Any) -> Iterator[Sink]:
    """Compressed in a thread of its own, which needs no interpreter lock."""
    with igzip_threaded.open(
        target, "wb", compresslevel=GZIP_LEVEL, threads=1, block_size=BLOCK
    ) as file:
        file.write(form.header.encode())
        yield Sink(form.shapes, lambda batch: file.write(form.lines(batch).encode()))


def parquet(target: Any) -> AbstractContextManager[Sink]:
    """See `exports.parquet`."""
    os.environ.setdefault(
        "ARROW_DEFAULT_MEMORY_POOL", "jemalloc"
    )  # keeps 6 MiB less than its own choice
    from exports.parquet import row_groups  # noqa: PLC0415  # pyarrow is large: only for those who ask

    return row_groups(target)


SINKS: dict[str, Callable[[Any], AbstractContextManager[Sink]]] = {
    Format.CSV: partial(gzipped, lines.CSV),
    Format.NDJSON: partial(gzipped, lines.JSON_LINES),
    Format.PARQUET: parquet,
}
