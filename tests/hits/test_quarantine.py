"""Quarantine: only what is poison goes there, nothing twice, and what is fed back is counted once."""

from collections import Counter
from pathlib import Path

import pytest

from hits import records
from hits.backlog import Backlog
from hits.journal import Journal
from hits.records import Frame, Hit
from hits.segments import pack
from sites.tenancy import SiteRef
from storage.registry import storage
from tests.hits.journals import HOST, kill
from tests.hits.wires import Crash, Wire, paths
from tests.hits.world import NOW, POISON, World, record

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path) -> World:
    """On the real storage."""
    return World(tmp_path / "j", storage())


@pytest.mark.parametrize("bad", [[0], [499], [3, 250, 251]])
def test_poison_costs_no_other_hit_of_its_batch(bad: list[int], world: World) -> None:
    hits: list[str | Hit] = [f"/{n}" for n in range(500)]
    for n in bad:
        hits[n] = Hit(f"/poison/{n}", created_at=2**63)
    tallied = Frame(world.a, NOW, [h if isinstance(h, Hit) else Hit(h) for h in hits], {"bot": 2})
    world.segment(pack(records.encode(tallied)))
    wire = Wire()
    world.finish(world.start(wire))
    assert world.rows()[0] == Counter(f"/{n}" for n in range(500) if n not in bad)
    assert [hit.path for hit in world.refused()] == [f"/poison/{n}" for n in bad]
    assert world.storage.ledger.tallies(world.a)[NOW // 86400, "bot"] == 2
    assert world.storage.vault.visible_upto(world.a) == 500 - len(bad), "ids have no gap"
    assert wire.crossed.count("begin") < 70, "halves are tried, not each hit"


def test_a_batch_of_nothing_but_poison_holds_nobody_up(world: World) -> None:
    world.segment(record(world.a, *[POISON] * 5), record(world.a, "/1"))
    world.finish()
    assert world.rows()[0] == Counter({"/1": 1})
    assert world.refused() == [POISON] * 5


def test_what_is_fed_back_is_counted_once_and_what_is_still_refused_comes_back(
    world: World,
) -> None:
    cured, visitor = Hit("/cured", visitor=b"v" * 16), Hit("/visitor", visitor=b"v" * 16)
    world.segment(record(world.a, "/1", POISON), record(world.a, visitor))
    world.finish()
    [kept] = Backlog(world.folder, host=HOST).kept.files()
    kept.path.write_bytes(record(world.a, cured, POISON))  # as a new version might store it
    feed_back(world)
    assert (len(world.left()), world.quarantined()) == (1, [])
    world.finish()
    assert paths(world.storage, world.a, all_first=False) == Counter(["/1", "/visitor", "/cured"])
    assert world.refused() == [POISON]


def feed_back(world: World) -> None:
    """As `doctor --mend quarantine` does it."""
    kept = Backlog(world.folder, host=world.host).kept
    for each in kept.files():
        assert kept.is_settled(each, world.storage.ledger.positions(world.host))
        kept.feed_back(each)


class Moody(dict[int, SiteRef]):
    """Sites of which one makes every look-up fail, for as long as it is named."""

    bad = 0

    def get(self, number: int, default: object = None) -> SiteRef | None:  # type: ignore[override]  # one way to ask
        if number == self.bad:
            raise LookupError(number)
        return super().get(number)


class Cut(Wire):
    """Cut at the first seam of a name."""

    def __init__(self, seam: str) -> None:
        super().__init__()
        self._seam = seam

    def cross(self, seam: str) -> None:
        super().cross(seam)
        if seam == self._seam:
            raise Crash


@pytest.mark.parametrize("seam", ["after quarantine of a frame", "before commit"])
def test_what_a_killed_step_has_put_in_quarantine_does_not_stay_there_beside_its_row(
    seam: str, world: World
) -> None:
    world.sites = sites = Moody(world.sites)
    sites.bad = world.b
    world.segment(record(world.a, "/1"), record(world.b, "/2"))
    with pytest.raises(Crash):
        world.finish(world.start(Cut(seam)))
    sites.bad = 0
    world.finish()
    assert world.rows() == (Counter({"/1": 1}), Counter({"/2": 1}))
    assert world.quarantined() == []


def test_what_its_drain_is_not_done_with_is_not_fed_back(world: World) -> None:
    world.segment(record(world.a, "/1"), record(world.a, POISON))
    with pytest.raises(Crash):
        world.finish(world.start(Cut("after quarantine of a frame")))
    kept = Backlog(world.folder, host=HOST).kept
    [waiting] = kept.files()
    assert not kept.is_settled(waiting, world.storage.ledger.positions(HOST))
    world.finish()
    assert kept.is_settled(waiting, world.storage.ledger.positions(HOST))


def test_a_record_of_a_newer_version_can_be_fed_back_and_a_damaged_range_can_not(
    world: World,
) -> None:
    world.segment(pack(b"\xc1"), b"garbage", record(world.a, "/1"))
    world.finish()
    damaged, unreadable = Backlog(world.folder, host=HOST).kept.files()
    assert (damaged.content, damaged.payloads(), damaged.hits()) == (b"garbage", [], 0)
    assert (unreadable.payloads(), unreadable.hits()) == ([b"\xc1"], 0)


def test_quarantine_counts_for_the_bound_of_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", host=HOST, max_bytes=1 << 20)
    try:
        kept = Backlog(tmp_path / "j", host=HOST).kept
        before = journal.used_bytes()
        path = kept.keep_record("host.w.00000001.seg", 9, b"x" * 1000, why="refused")
        assert journal.used_bytes() == before + path.stat().st_size
        assert kept.size() == (1, path.stat().st_size)
    finally:
        kill(journal)
