"""The drain: each record once, whatever fails and whenever."""

import errno
import os
import threading
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from goatapi.errors import Unavailable
from hits import drain as drain_module
from hits import records
from hits.backlog import Backlog
from hits.drain import STEP_HITS, Drain
from hits.intake import Intake
from hits.journal import Journal
from hits.quarantine import Quarantine
from hits.records import Frame, Hit
from hits.segments import pack
from sites.tenancy import SiteRef
from storage.memory import MemoryStorage
from storage.protocols import TryAgain, Unstorable
from storage.registry import storage
from tests.hits.journals import HOST, kill
from tests.hits.wires import Crash, Wire, paths
from tests.hits.world import NOW, POISON, World, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path) -> World:
    """On the real storage."""
    return World(tmp_path / "j", storage())


def test_records_become_rows_and_their_segment_goes(world: World) -> None:
    world.segment(record(world.a, "/1", "/2"), record(world.b, "/3"))
    drain = world.start()
    assert [drain.step(), drain.step()] == [2, 0]
    assert world.rows() == (Counter({"/1": 1, "/2": 1}), Counter({"/3": 1}))
    assert world.left() == []
    assert world.storage.ledger.positions(HOST) == {}
    assert world.quarantined() == []


def test_several_segments_of_several_writers_go_in_one_step(world: World) -> None:
    for name in ("w.00000001", "w.00000002", "v.00000001"):
        world.segment(record(world.a, f"/{name}"), name=name)
    assert world.start().step() == 3
    assert world.rows()[0].total() == 3


def test_a_record_that_was_cut_costs_none_behind_it(world: World) -> None:
    whole, hurt, behind = (record(world.a, f"/{n}") for n in (1, 2, 3))
    world.segment(whole, hurt[:-5], behind, behind[:-5])
    world.finish()
    assert world.rows()[0] == Counter({"/1": 1, "/3": 1})
    assert world.quarantined() == [hurt[:-5]]
    assert world.left() == []


def test_a_segment_that_was_cut_below_what_is_drained_is_kept_for_a_person(world: World) -> None:
    world.segment(record(world.a, "/1"), record(world.a, "/2"))
    drain = world.start()
    drain.step()
    since = record(world.a, "/3")
    world.segment(since)
    world.finish(drain)
    assert world.rows()[0] == Counter({"/1": 1, "/2": 1})
    assert world.quarantined() == [since]
    assert world.left() == []


def test_a_step_takes_5000_hits_and_the_next_ones_more_while_more_waits(world: World) -> None:
    frames = 60
    for part in range(5):
        hits = [f"/{n}" for n in range(500)]
        some = [record(world.a, *hits) for _ in range(frames // 5)]
        world.segment(*some, name=f"w.0000000{part}")
    drain, seen = world.start(), []
    while drain.step():
        seen.append(world.storage.vault.visible_upto(world.a))
    assert seen == [STEP_HITS, 3 * STEP_HITS, frames * 500]
    assert world.left() == []


def test_records_without_hits_fill_a_step_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "STEP_HITS", 10)
    tally = pack(records.encode(Frame(world.a, NOW, [], {"prefetch": 1})))
    world.segment(tally * 25)
    drain = world.start()
    assert [drain.step() for _ in range(3)] == [10, 15, 0]
    assert world.storage.ledger.tallies(world.a) == {(NOW // 86400, "prefetch"): 25}


def test_a_living_writers_segment_is_drained_as_it_grows_and_removed_when_it_is_dead(
    world: World,
) -> None:
    journal, drain = Journal(world.folder, host=HOST), world.start()
    try:
        for n in range(3):
            journal.append(records.encode(Frame(world.a, NOW, [Hit(f"/{n}")])))
            assert [drain.step(), drain.step()] == [1, 0]
        assert len(world.left()) == 1
    finally:
        kill(journal)
    assert drain.step() == 0
    assert world.left() == []
    assert world.rows()[0] == Counter({"/0": 1, "/1": 1, "/2": 1})


def test_a_torn_tail_is_dropped_without_a_word(world: World) -> None:
    world.segment(record(world.a, "/1"), record(world.a, "/2")[:-1])
    world.finish()
    assert world.rows()[0] == Counter({"/1": 1})
    assert (world.left(), world.quarantined()) == ([], [])


@pytest.mark.parametrize("sound", [b"\xff", b"\x91\xa1\xff", b"\x94\x01\x02\x91\x91\xa1\xff\x80"])
def test_damage_and_unreadable_records_are_quarantined_and_cost_no_neighbour(
    sound: bytes, world: World
) -> None:
    world.segment(record(world.a, "/1"), b"garbage", record(world.a, "/2"), pack(sound), b"end?")
    world.segment(record(world.b, "/3"), name="x.00000001")
    world.finish()
    assert world.rows() == (Counter({"/1": 1, "/2": 1}), Counter({"/3": 1}))
    assert sorted(world.quarantined()) == sorted([b"garbage", sound, b"end?"])
    assert world.left() == []


def test_a_hit_that_the_storage_refuses_is_quarantined_and_its_neighbours_are_stored(
    world: World,
) -> None:
    neighbours = [record(world.a, f"/{n}") for n in range(200)]
    neighbours[70] = record(world.a, "/with", POISON)
    neighbours[71] = record(world.b, POISON)
    world.segment(*neighbours)
    wire = Wire()
    world.finish(world.start(wire))
    expected = Counter(f"/{n}" for n in range(200) if n not in (70, 71)) + Counter({"/with": 1})
    assert world.rows() == (expected, Counter())
    frames = [records.decode(kept) for kept in world.quarantined()]
    assert sorted(frame.site_id for frame in frames) == [world.a, world.b]
    assert world.refused() == [POISON] * 2
    assert world.left() == []
    assert wire.crossed.count("begin") < 60, "halves are tried, not each record"


def test_hits_of_unknown_sites_hold_nobody_up(world: World) -> None:
    world.segment(record(1, "/gone"), record(world.a, "/1"))
    world.finish()
    assert world.rows()[0] == Counter({"/1": 1})


class Watch(threading.Event):
    """Waits without waiting; stops the drain when nothing is left to do."""

    def __init__(self, is_done: Callable[[], bool]) -> None:
        super().__init__()
        self._is_done = is_done
        self.waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waits += 1
        assert self.waits < 100
        if self._is_done():
            self.set()
        return self.is_set()


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_database_that_is_away_is_waited_for(cut: int, world: World) -> None:
    world.segment(record(world.a, "/1"), record(world.a, "/2"))
    wire = Wire(cut, TryAgain("the server closed the connection"))
    watch = Watch(lambda: not world.left())
    world.start(wire).run(watch)
    assert wire.was_cut
    assert world.rows()[0] == Counter({"/1": 1, "/2": 1})


def test_sites_that_can_not_be_looked_up_are_waited_for(world: World) -> None:
    world.segment(record(world.a, "/1"))
    answers: list[Exception] = [Unavailable("the database does not answer", retry_after=1)] * 3

    def find_site(number: int) -> SiteRef | None:
        if answers:
            raise answers.pop()
        return world.sites.get(number)

    intake = Intake(world.storage.ledger, find_site, host=HOST)
    Drain(Backlog(world.folder, host=HOST), intake).run(Watch(lambda: not world.left()))
    assert world.rows()[0] == Counter({"/1": 1})
    assert world.quarantined() == []


def test_a_segment_that_can_not_be_read_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.segment(record(world.a, "/bad"), name="a.00000001")
    world.segment(record(world.a, "/1"), name="b.00000001")
    real = os.open

    def failing(path: str, flags: int, mode: int = 0o777) -> int:
        if str(path).endswith("a.00000001.seg") and sealed_asked.pop():
            raise OSError(errno.EIO, "input/output error")
        return real(path, flags, mode)

    sealed_asked = [True, False] * 2  # each step looks whether it is sealed, then reads
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", failing)
        drain = world.start()
        assert [drain.step(), drain.step()] == [1, 0]
    assert world.rows()[0] == Counter({"/1": 1})
    world.finish(drain)
    assert world.rows()[0] == Counter({"/1": 1, "/bad": 1})


def test_damage_stays_in_its_segment_while_the_quarantine_takes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.segment(record(world.a, "/1"), b"garbage", record(world.a, "/2"))
    with monkeypatch.context() as patch:
        patch.setattr(Quarantine, "_keep", refuse)
        world.finish()
    assert world.rows()[0] == Counter({"/1": 1})
    assert len(world.left()) == 1
    world.finish()
    assert world.rows()[0] == Counter({"/1": 1, "/2": 1})
    assert world.quarantined() == [b"garbage"]


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no space left on device")


def fill(world: World) -> tuple[Counter[str], Counter[str]]:
    """Two segments with everything in them that may be met; what is to come of it."""
    world.segment(
        record(world.a, "/1", Hit("/once", once=b"k" * 16)),
        b"garbage",
        record(world.b, "/2", Hit("/seen", visitor=b"v" * 16)),
        pack(b"unreadable"),
        record(world.b, "/3"),
        record(world.a, "/torn")[:-1],
    )
    world.segment(
        record(world.a, "/4", Hit("/once", once=b"k" * 16)),
        record(world.b, "/5", Hit("/also", visitor=b"v" * 16)),
        name="x.00000001",
    )
    return Counter(["/1", "/once", "/4"]), Counter(["/2", "/seen", "/3", "/5", "/also"])


ERRORS: dict[str, Callable[[], BaseException]] = {
    "killed": Crash,
    "database away": lambda: TryAgain("gone"),
    "refused": lambda: Unstorable("something else"),
}


@pytest.mark.parametrize("poisoned", [False, True], ids=["twin", "real storage and poison"])
@pytest.mark.parametrize("error", ERRORS)
def test_a_crash_between_any_two_steps_loses_nothing_and_counts_nothing_twice(
    error: str, poisoned: bool, tmp_path: Path
) -> None:
    for cut in count(1):
        kept = storage() if poisoned else MemoryStorage()
        world = World(tmp_path / f"{cut}", kept, host=f"host{cut}")
        expected = fill(world)
        if poisoned:
            batch = record(world.a, "/6", POISON, "/7")
            world.segment(batch, record(world.a, "/4"), name="w.00000009")
            expected[0].update(["/4", "/6", "/7"])
        wire = Wire(cut, ERRORS[error]())
        drain = world.start(wire)
        try:
            world.finish(drain)
        except (Crash, TryAgain, Unstorable):
            world.finish(world.start() if error == "killed" else drain)
        if error == "refused" and world.rows() != expected:
            # A refusal at the very moment of a record's own transaction is taken for the record's.
            assert [name for name in wire.crossed if "of a frame" in name]
            missing = (expected[0] - world.rows()[0]) + (expected[1] - world.rows()[1])
            assert missing.total() <= 2
            assert not (world.rows()[0] - expected[0]) + (world.rows()[1] - expected[1])
        else:
            assert world.rows() == expected, wire.crossed[-1]
            assert poison_in(world) == int(poisoned), wire.crossed[-1]
        assert world.left() == []
        assert b"garbage" in world.quarantined()
        assert b"unreadable" in world.quarantined()
        if not wire.was_cut:
            assert cut > 15, "the wire goes through every seam"
            return


def poison_in(world: World) -> int:
    """How often the poison is in quarantine; what is no frame there is not asked."""
    return sum(
        kept.count(records.encode(Frame(world.a, NOW, [POISON]))) for kept in world.quarantined()
    )


def test_two_hosts_with_the_same_sites_count_each_resend_and_visitor_once(tmp_path: Path) -> None:
    here = World(tmp_path / "here", storage(), host="here")
    there = World(tmp_path / "there", storage(), host="there")
    there.a, there.sites = here.a, here.sites
    drains = [(here, here.start()), (there, there.start())]
    for n in range(6):
        for world, drain in drains:
            world.segment(
                record(here.a, Hit("/once", once=b"%016d" % n), Hit("/seen", visitor=b"v" * 16)),
                name=f"w.0000000{n}",
            )
            assert drain.step() == 1
    assert paths(storage(), here.a, all_first=False) == Counter({"/once": 6, "/seen": 12})
    upto = storage().vault.visible_upto(here.a)
    [hits] = storage().vault.scan(here.a, after=0, upto=upto)
    seen = [hit for hit in hits if hit.path == "/seen"]
    assert len({hit.session for hit in seen}) == 1
    assert [hit.first_visit for hit in seen] == [True] + [False] * 11
