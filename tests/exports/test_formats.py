"""The fast writers beside straightforward ones: whatever the rows hold, both say the same."""

import csv
import errno
import gzip
import io
import json
import random
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from pyarrow import parquet

from exports import files, services, writers
from exports.models import Export, Format, State
from exports.parquet import GROUP
from sites.directory import directory
from sites.tenancy import SiteRef
from storage.memory import MemoryStorage
from storage.registry import storage
from storage.types import StoredHit
from tests.make import Cast
from tests.storage.build import NOON, pageview, path

HOSTILE = [
    "", " ", "  a", "\ta", "\u00a0a", "a ", ",", '"', '""', '"a"', 'a"b,c', "a\nb", "a\r\nb", "\r", "\\", "\\N",
    "{paths[0]}", "%s", "'", "null", "a\0b", "\ud800", "x\udfffy", "\u2028\u2029", "\u0085", "\x1f\x7f", "é",
    "\\x00", "Ünï", "🦌🐐", "</script>", "=1+1", "a" * 3000,
]  # fmt: skip
SEED = 8
SESSIONS = [b"", bytes(15) + b"\1", b"\0" * 7 + b"\xab" * 9, b"\x0f" * 16, b"\xff" * 16]
TIMES = [-1, 0, 1, 59, 60, 3599, 3600, 86399, 86400, 951_782_400, NOON, 4_102_444_799]


@pytest.fixture
def site(cast: Cast) -> SiteRef:
    """The owner's."""
    found = directory().by_id(cast.owner.site.pk)
    assert found is not None
    return found


def store_hostile(site_id: int, number: int) -> list[StoredHit]:
    """So many random rows; gives what the storage makes of them."""
    some = random.Random(SEED)  # noqa: S311  # no secret

    def text() -> str:
        return "".join(some.choices(HOSTILE, k=some.randrange(3)))

    paths = [path(f"/{n}{text()}", text(), event=n % 3 == 0) for n in range(50)]
    with storage().ledger.begin() as tx:
        tx.lock([site_id])
        ids = tx.path_ids(site_id, paths)
        names = ("ref", "campaign", "browser", "browser_version", "system", "system_version")
        views = [
            pageview(
                some.choice(ids),
                ref_scheme=some.choice(["h", "g", "c", "o", ""]),
                width=some.choice([0, 1, 1920, 2**31 - 1]),
                location=some.choice(["", "NL", "US-TX", 'A,"']),
                language=some.choice(["", "nld", '"\n']),
                session=some.choice([*SESSIONS, some.randbytes(16)]),
                first_visit=some.random() < 0.5,
                created_at=some.choice([*TIMES, some.randrange(2**31)]),
                **{name: text() for name in names},
            )
            for _ in range(number)
        ]
        tx.append(site_id, views, keep_rows=[True] * number)
    scan = storage().vault.scan(site_id, after=0, upto=number)
    return [hit for hits in scan for hit in hits]


def content(site: SiteRef, format: Format) -> bytes:
    """The file of an export of everything."""
    export = services.start_export(site=site, format=format)
    assert services.build_export(export.pk, owner="test")
    export.refresh_from_db()
    assert export.error == ""
    return files.fetch(export).read_bytes()


def utc(seconds: int) -> datetime:
    """The moment."""
    return datetime.fromtimestamp(seconds, UTC)


def plain_csv(hits: list[StoredHit]) -> str:
    """CSV version 2 by Python's own writer, a row at a time."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, quoting=csv.QUOTE_ALL)
    for hit in hits:
        halves = (hit.session[:8], hit.session[8:])
        rows.writerow(
            [
                hit.path,
                hit.title,
                int(hit.event),
                "",
                f"{hit.browser} {hit.browser_version}",
                f"{hit.system} {hit.system_version}",
                "-".join(f"{int.from_bytes(half, 'big'):x}" for half in halves),
                0,
                hit.ref,
                hit.ref_scheme,
                f"{hit.width},0,1",
                hit.location,
                int(hit.first_visit),
                utc(hit.created_at).strftime("%Y-%m-%dT%H:%M:%SZ"),
            ]
        )
    return out.getvalue()


def plain_values(hit: StoredHit) -> dict[str, Any]:
    """Every stored field under its name outside."""
    values = msgspec.structs.asdict(hit)
    values["session"] = hit.session.hex() or None
    values["created_at"] = utc(hit.created_at)
    return {"size" if name == "width" else name: value for name, value in values.items()}


def records(text: str) -> list[list[str]]:
    """CSV, read."""
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv_is_row_for_row_what_a_plain_writer_writes(site: SiteRef) -> None:
    hits = store_hostile(site.id, 400)
    header, *rows = records(gzip.decompress(content(site, Format.CSV)).decode())
    assert header[0] == "2Path"
    assert rows == records(plain_csv(hits))
    assert len(rows) == 400


def test_json_lines_are_line_for_line_what_a_plain_writer_writes(site: SiteRef) -> None:
    hits = store_hostile(site.id, 400)
    lines = gzip.decompress(content(site, Format.NDJSON)).decode().split("\n")
    assert lines.pop() == ""
    plain = [plain_values(hit) for hit in hits]
    for values in plain:
        values["created_at"] = values["created_at"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [list(json.loads(line).items()) for line in lines] == [list(v.items()) for v in plain]


def test_parquet_holds_the_same_values_typed(site: SiteRef) -> None:
    hits = store_hostile(site.id, 400)
    table = parquet.read_table(io.BytesIO(content(site, Format.PARQUET)))
    assert table.to_pylist() == [plain_values(hit) for hit in hits]
    assert {
        name: str(kind) for name, kind in zip(table.schema.names, table.schema.types, strict=True)
    } == {
        "hit_id": "int64",
        **dict.fromkeys(["path", "title"], "string"),
        "event": "bool",
        **dict.fromkeys(["ref", "ref_scheme", "campaign", "browser"], "string"),
        **dict.fromkeys(["browser_version", "system", "system_version"], "string"),
        "size": "int32",
        **dict.fromkeys(["location", "language", "session"], "string"),
        "first_visit": "bool",
        "created_at": "timestamp[ms, tz=UTC]",
    }


def test_parquet_comes_in_row_groups_compressed_by_zstd(site: SiteRef) -> None:
    number = GROUP + 6_000
    with storage().ledger.begin() as tx:
        tx.lock([site.id])
        (path_id,) = tx.path_ids(site.id, [path("/")])
        tx.append(site.id, [pageview(path_id)] * number, keep_rows=[True] * number)
    file = parquet.ParquetFile(io.BytesIO(content(site, Format.PARQUET)))
    groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
    assert [group.num_rows for group in groups] == [GROUP, 6_000]
    assert {group.column(n).compression for group in groups for n in range(17)} == {"ZSTD"}
    assert file.read(["hit_id"])["hit_id"].to_pylist() == list(range(1, number + 1))


@pytest.mark.parametrize("format", Format.values)
def test_a_disk_that_is_full_in_the_middle_fails_the_export(
    site: SiteRef, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes may be written by another thread than the one that has to know."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    store_hostile(site.id, 10)
    export = services.start_export(site=site, format=format)
    monkeypatch.setattr(files.DigestingFile, "write", full)
    assert services.build_export(export.pk, owner="test")
    export.refresh_from_db()
    assert (export.state, export.attempts, export.sha256) == (State.QUEUED, 1, "")
    assert Export.objects.filter(pk=export.pk, lease_until__isnull=False).exists()


@pytest.mark.parametrize("format", Format.values)
def test_the_rows_so_far_and_the_place_are_told_after_each_batch(format: str) -> None:
    memory = MemoryStorage()
    with memory.begin() as tx:
        tx.lock([1])
        (path_id,) = tx.path_ids(1, [path("/")])
        tx.append(1, [pageview(path_id)] * 5, keep_rows=[True] * 5)
    told: list[tuple[int, int]] = []

    def scan(shapes: Any) -> Any:
        return memory.scan_shaped(1, shapes, after=0, upto=5, limit=2)

    target = files.DigestingFile(io.BytesIO())
    assert writers.write(target, format, scan, progress=lambda *now: told.append(now)) == 5
    assert told == [(2, 2), (4, 4), (5, 5)]


def test_a_worker_that_builds_no_parquet_does_without_its_library() -> None:
    """It is 36 MiB."""
    program = (
        "import sys, django; django.setup(); import goatapi.celery, exports.tasks, exports.writers;"
        " print(sorted({'pyarrow', 'boto3'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
