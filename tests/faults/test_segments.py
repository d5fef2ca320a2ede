"""Segments that were damaged on the disk: what is sound in them is counted, the rest is kept for a person."""

import itertools
import shutil
import time
from collections.abc import Callable

import httpx
import pytest

from hits import records
from hits.records import Frame, Hit
from hits.segments import HEADER, pack
from tests.faults.services import Service
from tests.live.server import wait_until

RECORDS = 20
HURT = 8
"""The first record that is damaged."""

Cuts = list[int]
"""Where each record ends."""

Wound = tuple[bytes, tuple[int, int], int]
"""The segment's bytes, the range of them that is no record any more, and how many records were in it."""

_numbers = itertools.count(1)


def flipped(data: bytes, cuts: Cuts) -> Wound:
    """One bit of a page's path."""
    start, end = cuts[HURT - 1], cuts[HURT]
    return _with_bit(data, start + HEADER.size + 12), (start, end), 1


def flipped_in_its_length(data: bytes, cuts: Cuts) -> Wound:
    """One bit of the header: the record seems to be longer."""
    start, end = cuts[HURT - 1], cuts[HURT]
    return _with_bit(data, start + 5), (start, end), 1


def flipped_in_its_mark(data: bytes, cuts: Cuts) -> Wound:
    """One bit of what records are found by."""
    start, end = cuts[HURT - 1], cuts[HURT]
    return _with_bit(data, start), (start, end), 1


def blanked(data: bytes, cuts: Cuts) -> Wound:
    """Zeros from within one record to within the third, as a block of a disk may turn out."""
    start, end = cuts[HURT - 1], cuts[HURT + 2]
    zeros = bytes(end - start - 12)
    return data[: start + 7] + zeros + data[end - 5 :], (start, end), 3


def with_bytes_missing(data: bytes, cuts: Cuts) -> Wound:
    """The rest has moved forward."""
    start, end = cuts[HURT - 1], cuts[HURT]
    return data[: start + 20] + data[end:], (start, start + 20), 1


def _with_bit(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 0x01,)) + data[at + 1 :]


DAMAGES = (flipped, flipped_in_its_length, flipped_in_its_mark, blanked, with_bytes_missing)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_costs_no_neighbour_is_told_and_kept_by_its_range(
    damage: Callable[[bytes, Cuts], Wound], service: Service
) -> None:
    found = damage_found(service)
    run, content, cuts = segment_of(service)
    content, (start, end), records = damage(content, cuts)
    name = leave(service, content)
    whole = [f"{run}/{n}" for n in range(RECORDS) if not HURT <= n < HURT + records]
    assert stored(service, run) == whole
    kept = service.journal / "quarantine" / f"{name}.{start}-{end}"
    assert kept.read_bytes() == content[start:end]
    assert damage_found(service) == found + 1


def test_the_doctor_names_the_damaged_range(service: Service) -> None:
    shutil.rmtree(service.journal / "quarantine", ignore_errors=True)  # it names only a few
    _, content, cuts = segment_of(service)
    content, (start, end), _ = blanked(content, cuts)
    name = leave(service, content)
    told = service.server.manage("doctor")
    assert told.returncode == 2, told.stderr
    assert f"{name}.{start}-{end}" in told.stdout


def test_a_torn_tail_is_what_nobody_was_told_of_and_no_damage(service: Service) -> None:
    found = damage_found(service)
    run, content, _ = segment_of(service)
    leave(service, content[:-5])
    assert stored(service, run) == [f"{run}/{n}" for n in range(RECORDS - 1)]
    assert damage_found(service) == found


def test_a_segment_cut_off_in_the_middle_costs_what_was_behind_the_cut(service: Service) -> None:
    run, content, cuts = segment_of(service)
    leave(service, content[: cuts[HURT - 1] + 9])
    assert stored(service, run) == [f"{run}/{n}" for n in range(HURT)]


def test_garbage_that_is_no_segment_at_all_holds_nobody_up(service: Service) -> None:
    found = damage_found(service)
    leave(service, b"\xf5GJ1" * 1000)
    run, content, _ = segment_of(service)
    leave(service, content)
    assert len(stored(service, run)) == RECORDS
    assert damage_found(service) == found + 1


def segment_of(service: Service) -> tuple[str, bytes, Cuts]:
    """Bytes as the journal writes them, of pages below a path of their own, and where records end."""
    run = f"/segment-{next(_numbers)}"
    parts = [pack(_frame(service, f"{run}/{number}")) for number in range(RECORDS)]
    return run, b"".join(parts), list(itertools.accumulate(map(len, parts)))


def _frame(service: Service, path: str) -> bytes:
    """Of a pageview that counts in all eight rollups."""
    hit = Hit(path, query="utm_campaign=Segments", browser="Firefox", system="Linux")
    return records.encode(Frame(service.site_id, int(time.time()), [hit]))


def leave(service: Service, content: bytes) -> str:
    """A dead writer's segment in the journal of the running service, once it is drained; gives its name."""
    host = (service.server.data / "host_id").read_text().strip()
    path = service.journal / f"{host}.{next(_numbers):020}.seg"
    unseen = path.with_suffix(".new")
    unseen.write_bytes(content)
    unseen.rename(path)
    wait_until(lambda: not path.exists(), service.warnings)
    return path.name


def stored(service: Service, run: str) -> list[str]:
    """The pages below `run`, in the order in which they were counted."""
    rows = service.query(
        "SELECT path FROM hits JOIN paths USING (site_id, path_id)"
        " WHERE path LIKE %(run)s ORDER BY hit_id",
        run=f"{run}/%",
    )
    return [path for (path,) in rows]


def damage_found(service: Service) -> int:
    """By the drain's metrics."""
    text = httpx.get(f"http://127.0.0.1:{service.server.metrics_port + 1}/metrics").text
    lines = text.splitlines()
    (value,) = [
        line.split()[1] for line in lines if line.startswith("goatapi_journal_damage_total")
    ]
    return int(float(value))
