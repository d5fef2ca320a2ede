"""The reading side of the journal: what is a writer's unfinished work, what is damage, who may drain."""

import errno
import os
from pathlib import Path

import pytest

from hits import backlog as backlog_module
from hits.backlog import Backlog
from hits.journal import Journal
from hits.segments import Damage, Record, pack
from tests.hits.journals import HOST, backlog, kill

NAME = f"{HOST}.w.00000001.seg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "j").mkdir()
    return tmp_path / "j"


def write(folder: Path, data: bytes, name: str = NAME) -> None:
    """A dead writer's segment."""
    (folder / name).write_bytes(data)


def read(folder: Path, position: int = 0) -> list[Record | Damage]:
    reader = backlog(folder)
    [segment] = reader.segments()
    return list(reader.read(segment, position))


def test_a_living_writers_segment_is_not_sealed_and_a_dead_ones_is(folder: Path) -> None:
    journal = Journal(folder, host=HOST)
    journal.append(b"x")
    assert [segment.sealed for segment in backlog(folder).segments()] == [False]
    kill(journal)
    assert [segment.sealed for segment in backlog(folder).segments()] == [True]


def test_looking_at_a_segment_does_not_keep_it_locked(folder: Path) -> None:
    write(folder, pack(b"x"))
    for _ in range(2):
        assert [segment.sealed for segment in backlog(folder).segments()] == [True]


def test_only_this_hosts_whole_segments_are_seen_in_the_order_of_their_names(folder: Path) -> None:
    for name in ("host.b.00000002.seg", "host.b.00000001.seg", "host.a.00000009.seg"):
        write(folder, b"", name)
    for name in (
        "other.a.00000001.seg",
        "host2.a.00000001.seg",
        "host.c.00000001.new",
        "drain.lock",
    ):
        write(folder, b"", name)
    assert [segment.name for segment in backlog(folder).segments()] == [
        "host.a.00000009.seg",
        "host.b.00000001.seg",
        "host.b.00000002.seg",
    ]


def test_reading_goes_on_behind_a_position(folder: Path) -> None:
    write(folder, pack(b"one") + pack(b"two"))
    first, second = read(folder)
    assert read(folder, first.end) == [second]
    assert read(folder, second.end) == []


def test_the_torn_end_of_a_dead_writer_is_told_and_that_of_a_living_one_is_not(
    folder: Path,
) -> None:
    journal = Journal(folder, host=HOST)
    journal.append(b"whole")
    os.write(journal._fd, pack(b"torn")[:-2])
    whole = Record(b"whole", len(pack(b"whole")))
    assert read(folder) == [whole]
    kill(journal)
    assert read(folder) == [whole, Damage(whole.end, whole.end + len(pack(b"torn")) - 2)]


def test_records_larger_than_the_window_are_read_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "WINDOW", 64)
    sent = [b"a" * 10, b"b" * 1000, b"c" * 64, b"d" * 5000, b"e"]
    write(folder, b"".join(map(pack, sent)))
    assert [item.payload for item in read(folder) if isinstance(item, Record)] == sent


def test_a_real_window_is_smaller_than_a_large_record(folder: Path) -> None:
    sent = [b"a", b"b" * (9 << 20), b"c"]
    write(folder, b"".join(map(pack, sent)))
    assert [item.payload for item in read(folder) if isinstance(item, Record)] == sent


def test_a_record_at_the_edge_of_a_window_hides_the_records_in_its_payload(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "WINDOW", 100)
    outer = b"x" * 20 + pack(b"inner") + b"x" * 200
    write(folder, pack(b"first") + pack(outer) + pack(b"last"))
    items = read(folder)
    assert [item.payload for item in items if isinstance(item, Record)] == [
        b"first",
        outer,
        b"last",
    ]


def test_damage_longer_than_the_window_has_one_exact_range(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "WINDOW", 64)
    start = len(pack(b"one"))
    write(folder, pack(b"one") + b"?" * 3000 + pack(b"two"))
    [_, damage, record] = read(folder)
    assert damage == Damage(start, start + 3000)
    assert record == Record(b"two", start + 3000 + len(pack(b"two")))


def test_a_writer_that_takes_a_short_write_back_under_the_readers_eyes_does_not_hang_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, pack(b"one") + pack(b"two")[:-1])
    real = os.pread

    def shrinking(fd: int, size: int, at: int) -> bytes:
        os.truncate(folder / NAME, len(pack(b"one")))
        return real(fd, size, at)

    monkeypatch.setattr(os, "pread", shrinking)
    reader = backlog(folder)
    [segment] = reader.segments()
    items = list(reader.read(type(segment)(segment.path, sealed=False), 0))
    assert items == [Record(b"one", len(pack(b"one")))]


def test_quarantine_keeps_the_bytes_of_damage(folder: Path) -> None:
    write(folder, pack(b"one") + b"garbage" + pack(b"two"))
    reader = backlog(folder)
    [segment] = reader.segments()
    [damage] = [item for item in reader.read(segment, 0) if isinstance(item, Damage)]
    kept = reader.quarantine(segment, damage)
    assert kept.read_bytes() == b"garbage"
    assert kept.parent == folder / "quarantine"
    reader.quarantine(segment, damage)  # after a crash it comes again
    assert len(list(kept.parent.iterdir())) == 1
    assert len(reader.segments()) == 1


def test_quarantine_keeps_a_refused_record_too(folder: Path) -> None:
    write(folder, pack(b"one"))
    reader = backlog(folder)
    [segment] = reader.segments()
    assert reader.quarantine_frame(segment, 19, b"one").read_bytes() == pack(b"one")


def test_a_quarantine_that_can_not_be_written_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, b"garbage")
    reader = backlog(folder)
    [segment] = reader.segments()

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="no space"):
        reader.quarantine(segment, Damage(0, 7))


def test_a_removed_segment_is_gone_and_removing_it_again_is_harmless(folder: Path) -> None:
    write(folder, pack(b"one"))
    reader = backlog(folder)
    [segment] = reader.segments()
    reader.remove(segment)
    reader.remove(segment)
    assert reader.segments() == []


def test_a_host_has_one_drain(folder: Path) -> None:
    first, second = Backlog(folder, host=HOST), Backlog(folder, host=HOST)
    assert first.claim()
    assert not second.claim()
    os.close(first._lock)  # it dies
    assert second.claim()
    os.close(second._lock)
