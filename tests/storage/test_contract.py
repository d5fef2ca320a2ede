"""What every engine promises (storage/protocols.py), in sentences."""

import threading
from typing import Any

import msgspec
import pytest
from django.db import connections, transaction  # noqa: TID251 - a caller's own transaction

from storage.engines.relational import shaping
from storage.protocols import Storage
from storage.types import ROLLUPS, Shapes, Span
from tests.storage.build import (
    HOUR,
    NOON,
    pageview,
    path,
    rollup,
    rows,
    session,
    store,
)
from tests.storage.conftest import Memory, Room

DAY = 86400


def _given(*values: Any) -> tuple[Any, ...]:
    return values


NEEDED: dict[str, Any] = dict.fromkeys(
    ("path", "ref", "browser", "system", "width", "location", "first_visit", "hour", "second"),
    _given,
)
SEEN_AS_GIVEN: Shapes[Any] = Shapes(**NEEDED, campaign=_given, language=_given, hit_ids=True)


class Refused(Exception):
    """Something went wrong in the middle."""


def test_hit_ids_count_from_one_in_each_site_without_a_gap(storage: Storage) -> None:
    assert store(storage, 1, "/a", "/b") == 2
    assert store(storage, 2, "/a") == 1
    assert store(storage, 1, "/c") == 3
    assert [hit.hit_id for hit in rows(storage, 1)] == [1, 2, 3]
    assert [hit.path for hit in rows(storage, 1)] == ["/a", "/b", "/c"]


def test_a_row_comes_back_as_it_was(storage: Storage) -> None:
    view = pageview(ref="a.example/\t\\x\n\"q'", campaign="Spring", width=0, location="US-TX")
    with storage.ledger.begin() as tx:
        tx.lock([1])
        view.path_id = tx.path_ids(1, [path('/Ünï\\{,}"', "Ti\ttle\r\n\\N", event=True)])[0]
        tx.append(1, [view], keep_rows=[True])
    (hit,) = rows(storage)
    stored = msgspec.structs.asdict(hit)
    assert (stored.pop("hit_id"), stored.pop("path")) == (1, '/Ünï\\{,}"')
    assert (stored.pop("title"), stored.pop("event")) == ("Ti\ttle\r\n\\N", True)
    assert stored | {"path_id": view.path_id} == msgspec.structs.asdict(view)


def test_what_is_unknown_comes_back_empty(storage: Storage) -> None:
    nothing: dict[str, Any] = {
        "ref": "",
        "ref_scheme": "",
        "browser": "",
        "system": "",
        "session": b"",
    }
    store(storage, 1, "/", browser_version="", location="", language="", **nothing)
    (hit,) = rows(storage)
    assert (hit.ref, hit.ref_scheme, hit.browser, hit.system, hit.session) == ("", "", "", "", b"")
    assert (hit.location, hit.language, hit.campaign) == ("", "", "")


def test_text_that_postgresql_refuses_does_not_stop_the_drain(storage: Storage) -> None:
    store(storage, 1, "/a\0b", ref="x\0y", location="N\0L", width=2**40)
    (hit,) = rows(storage)
    assert (hit.path, hit.ref, hit.location, hit.width) == ("/ab", "xy", "NL", 0)


def test_a_path_of_any_length_has_an_id(storage: Storage) -> None:
    store(storage, 1, "/" + "ü" * 8000, ref="r" * 9000)
    assert len(rows(storage)[0].path) == 8001


def test_a_repeated_id_is_seen_for_48_hours(storage: Storage) -> None:
    def unseen(now: int, *keys: bytes) -> set[bytes]:
        with storage.ledger.begin() as tx:
            tx.lock([1, 2])
            return tx.unseen(1, keys, now=now)

    a, b = b"a" * 16, b"b" * 16
    assert unseen(NOON, a) == {a}
    assert unseen(NOON, a, b) == {b}
    assert unseen(NOON + 2 * DAY - 1, a) == set()
    assert unseen(NOON + 2 * DAY, a, b) == {b}, "a was seen again in between"
    assert unseen(NOON + 5 * DAY, a) == {a}


def test_seen_ids_are_each_sites_own_and_known_within_the_transaction(storage: Storage) -> None:
    key = b"a" * 16
    with storage.ledger.begin() as tx:
        tx.lock([1, 2])
        assert tx.unseen_of({1: [key], 2: [key]}, now=NOON) == {1: {key}, 2: {key}}
        assert tx.unseen(1, [key], now=NOON) == set()


def test_paths_are_one_whatever_their_case_and_the_first_spelling_stays(storage: Storage) -> None:
    with storage.ledger.begin() as tx:
        tx.lock([1])
        assert tx.path_ids(1, [path("/A"), path("/b"), path("/a"), path("/É")]) == [1, 2, 1, 3]
    store(storage, 1, "/a", "/é")
    assert [hit.path for hit in rows(storage)] == ["/A", "/É"]


def test_the_newest_title_wins_and_an_empty_one_changes_nothing(room: Room) -> None:
    storage = room.fresh()

    def name(title: str, engine: Storage = storage) -> None:
        with engine.ledger.begin() as tx:
            tx.lock([1])
            tx.append(1, [pageview(tx.path_ids(1, [path("/", title)])[0])], keep_rows=[True])

    for title, engine in (("One", storage), ("Two", room.another()), ("One", storage)):
        name(title, engine)
        assert {hit.title for hit in rows(storage)} == {title}
    name("")
    assert {hit.title for hit in rows(storage)} == {"One"}


def test_referrers_and_campaigns_keep_their_first_spelling(storage: Storage) -> None:
    store(storage, ref="Example.com/A", campaign="Spring")
    store(storage, ref="example.com/a", campaign="SPRING")
    store(storage, ref="example.com/a", ref_scheme="c", campaign="spring")
    assert [hit.ref for hit in rows(storage)] == ["Example.com/A", "Example.com/A", "example.com/a"]
    assert {hit.campaign for hit in rows(storage)} == {"Spring"}


def test_sessions_are_kept_with_their_paths(storage: Storage) -> None:
    with storage.ledger.begin() as tx:
        tx.lock([1])
        tx.save_sessions(1, [session(paths={3, 300_000})])
        assert tx.sessions(1, [b"k" * 16]) == [session(paths={3, 300_000})]
    with storage.ledger.begin() as tx:
        tx.lock([1, 2])
        assert tx.sessions_of({1: [b"k" * 16], 2: [b"k" * 16]}) == {
            1: [session(paths={3, 300_000})],
            2: [],
        }


def test_a_session_can_change_its_key(storage: Storage) -> None:
    with storage.ledger.begin() as tx:
        tx.lock([1])
        tx.save_sessions(1, [session(paths={7})])
    with storage.ledger.begin() as tx:
        tx.lock([1])
        tx.save_sessions(1, [session(key=b"new" + b"-" * 13, last_at=NOON + 9, paths={7})])
        assert tx.sessions(1, [b"k" * 16]) == []
        (kept,) = tx.sessions(1, [b"new" + b"-" * 13, b"k" * 16])
    assert (kept.session, kept.last_at, kept.paths) == (b"s" * 16, NOON + 9, {7})


def test_one_key_can_have_several_sessions(storage: Storage) -> None:
    with storage.ledger.begin() as tx:
        tx.lock([1])
        tx.save_sessions(1, [session(), session(token=b"t" * 16)])
        assert {kept.session for kept in tx.sessions(1, [b"k" * 16])} == {b"s" * 16, b"t" * 16}


def test_what_is_short_lived_is_purged(storage: Storage) -> None:
    with storage.ledger.begin() as tx:
        tx.lock([1, 2])
        tx.unseen_of({1: [b"a" * 16], 2: [b"b" * 16]}, now=NOON)
        tx.save_sessions(1, [session()])
        tx.save_sessions(2, [session(touched_at=NOON + DAY)])
    storage.ledger.purge_short_lived(now=NOON + DAY + 1)
    with storage.ledger.begin() as tx:
        tx.lock([1, 2])
        assert tx.sessions(1, [b"k" * 16]) == []
        assert len(tx.sessions(2, [b"k" * 16])) == 1
        assert tx.unseen(1, [b"a" * 16], now=NOON + DAY) == set(), "not 48 h yet"
    storage.ledger.purge_short_lived(now=NOON + 2 * DAY + 1)
    with storage.ledger.begin() as tx:
        tx.lock([2])
        assert tx.unseen(2, [b"b" * 16], now=NOON + 1) == {b"b" * 16}, "forgotten"


def test_only_first_visits_are_counted(storage: Storage) -> None:
    store(storage, 1, "/a", "/a", "/b")
    store(storage, 1, "/a", first_visit=False)
    assert rollup(storage, "hit_counts") == {(HOUR, "/a"): 2, (HOUR, "/b"): 1}
    assert len(rows(storage)) == 4


def test_groups_without_a_first_visit_are_not_written(storage: Storage) -> None:
    store(storage, 1, "/a", first_visit=False, campaign="x")
    assert all(rollup(storage, name) == {} for name in ROLLUPS)


def test_each_rollup_has_its_own_dimension(storage: Storage) -> None:
    store(storage, 1, "/a", campaign="Spring")
    place = (HOUR, "/a")
    assert {name: rollup(storage, name) for name in ROLLUPS} == {
        "hit_counts": {place: 1},
        "ref_counts": {(*place, "news.example.com", "h"): 1},
        "browser_stats": {(*place, "Firefox", "128"): 1},
        "system_stats": {(*place, "Linux", ""): 1},
        "location_stats": {(*place, "NL"): 1},
        "language_stats": {(*place, "nld"): 1},
        "size_stats": {(*place, 1920): 1},
        "campaign_stats": {(*place, "Spring", "news.example.com", "h"): 1},
    }


def test_unknown_browsers_and_systems_are_not_counted_but_unknown_places_are(
    storage: Storage,
) -> None:
    store(storage, 1, "/a", browser="", system="", location="", language="", width=0, ref="")
    assert rollup(storage, "browser_stats") == rollup(storage, "system_stats") == {}
    assert rollup(storage, "campaign_stats") == {}
    assert rollup(storage, "location_stats") == rollup(storage, "language_stats") != {}
    assert rollup(storage, "size_stats") == {(HOUR, "/a", 0): 1}


def test_ids_that_read_alike_when_joined_are_counted_apart(storage: Storage) -> None:
    """Path 1 with referrer 23 and path 12 with referrer 3 (part 3.9, counting bug)."""
    with storage.ledger.begin() as tx:
        tx.lock([1])
        tx.path_ids(1, [path(f"/{n}") for n in range(1, 13)])
        refs = [pageview(2, ref=f"r{n}") for n in range(1, 24)]
        tx.append(1, [*refs, pageview(1, ref="r23"), pageview(12, ref="r3")], keep_rows=[True] * 25)
    counts = rollup(storage, "ref_counts")
    assert counts[HOUR, "/1", "r23", "h"] == counts[HOUR, "/12", "r3", "h"] == 1


def test_a_pageview_without_a_row_is_counted_and_takes_no_id(storage: Storage) -> None:
    with storage.ledger.begin() as tx:
        tx.lock([1])
        tx.path_ids(1, [path("/a")])
        assert tx.append(1, [pageview()] * 3, keep_rows=[True, False, True]) == 2
    assert rollup(storage, "hit_counts") == {(HOUR, "/a"): 3}
    assert [hit.hit_id for hit in rows(storage)] == [1, 2]


def test_an_exception_leaves_nothing_and_what_follows_is_right(storage: Storage) -> None:
    store(storage, 1, "/a")
    before = {name: rollup(storage, name) for name in ROLLUPS}
    with pytest.raises(Refused), storage.ledger.begin() as tx:  # noqa: PT012 - the block is what is left
        tx.lock([1])
        tx.unseen(1, [b"a" * 16], now=NOON)
        ids = tx.path_ids(1, [path("/lost"), path("/a", "Lost")])
        tx.append(
            1, [pageview(each, ref="lost", browser="Lost") for each in ids], keep_rows=[True, True]
        )
        tx.save_sessions(1, [session()])
        tx.tally(1, 1, "bot", 1)
        tx.move("segment", 1)
        raise Refused
    assert {name: rollup(storage, name) for name in ROLLUPS} == before
    assert (storage.ledger.positions(""), storage.ledger.tallies(1)) == ({}, {})
    assert store(storage, 1, "/found", "/lost", ref="found", browser="Found") == 3
    found = [(hit.hit_id, hit.path, hit.title, hit.ref) for hit in rows(storage, after=1)]
    assert found == [(2, "/found", "", "found"), (3, "/lost", "", "found")]
    with storage.ledger.begin() as tx:
        assert tx.lock([1]) == {1: 2}, "the failed transaction is no revision"
        assert tx.unseen(1, [b"a" * 16], now=NOON) == {b"a" * 16}
        assert tx.sessions(1, [b"k" * 16]) == []


def test_two_engines_at_the_same_site_stay_exact(room: Room) -> None:
    one, two = room.fresh(), room.another()
    for turn in range(6):
        engine = (one, two)[turn % 2]
        store(engine, 1, f"/{turn // 2}", "/both", ref=f"r{turn // 3}", browser=f"B{turn}")
    assert [hit.hit_id for hit in rows(one)] == list(range(1, 13))
    assert [hit.path for hit in rows(two)][::2] == ["/0", "/0", "/1", "/1", "/2", "/2"]
    assert rollup(one, "hit_counts")[HOUR, "/both"] == 6
    assert sum(rollup(two, "ref_counts").values()) == 12


def test_every_lock_is_a_revision_even_where_no_row_is_kept(room: Room) -> None:
    one, two = room.fresh(), room.another()
    store(one, 1, keep=False)
    store(two, 1, keep=False)
    with one.ledger.begin() as tx:
        assert tx.lock([2, 1]) == {1: 2, 2: 0}


def test_sites_have_to_be_locked_and_in_ascending_order(storage: Storage) -> None:
    with pytest.raises(RuntimeError), storage.ledger.begin() as tx:
        tx.path_ids(1, [path()])
    with pytest.raises(RuntimeError), storage.ledger.begin() as tx:  # noqa: PT012 - two calls in one block
        tx.lock([2])
        tx.lock([1])


def test_positions_move_and_are_forgotten(storage: Storage) -> None:
    with storage.ledger.begin() as tx:
        tx.move("host-a.1", 10)
        tx.move("host-a.2", 5)
        tx.move("host_b.1", 7)
    with storage.ledger.begin() as tx:
        tx.move("host-a.1", 20)
    assert storage.ledger.positions("host-a.") == {"host-a.1": 20, "host-a.2": 5}
    storage.ledger.forget_segment("host-a.1")
    assert storage.ledger.positions("") == {"host-a.2": 5, "host_b.1": 7}


def test_tallies_add_up_by_site_day_and_reason(storage: Storage) -> None:
    for count in (2, 3):
        with storage.ledger.begin() as tx:
            tx.lock([1, 2])
            tx.tally(1, 20000, "bot", count)
            tx.tally(1, 20000, "bot", 1)
            tx.tally(2, 20000, "bot", 1)
            tx.tally(1, 20001, "refspam", 1)
    assert storage.ledger.tallies(1) == {(20000, "bot"): 7, (20001, "refspam"): 2}
    assert storage.ledger.tallies(3) == {}


def test_a_scan_comes_in_chunks_between_its_ends(storage: Storage) -> None:
    store(storage, 1, *(f"/{n}" for n in range(10)))
    chunks = list(storage.vault.scan(1, after=2, upto=9, limit=3))
    assert [[hit.hit_id for hit in chunk] for chunk in chunks] == [[3, 4, 5], [6, 7, 8], [9]]
    assert list(storage.vault.scan(1, after=10, upto=99)) == []


@pytest.mark.parametrize(
    ("within", "found"),
    [
        (Span(), [[1, 2], [3, 4], [5]]),
        (Span(since=NOON + 1), [[2], [4], [5]]),
        (Span(before=NOON + 1), [[1], [3], []]),
        (Span(NOON + 1, NOON + 2), [[2], [], []]),
        (Span(NOON + 9, NOON + 9), [[], [], []]),
    ],
)
def test_a_scan_can_be_of_a_span_whose_end_is_not_in_it(
    storage: Storage, within: Span, found: list[list[int]]
) -> None:
    for seconds in (0, 1, -1, 2, 3):
        store(storage, 1, created_at=NOON + seconds)
    chunks = storage.vault.scan(1, after=0, upto=5, within=within, limit=2)
    assert [[hit.hit_id for hit in chunk] for chunk in chunks] == found


def test_texts_come_in_the_shape_that_is_asked_for(storage: Storage) -> None:
    same = {"ref": "a.example", "browser": "Firefox", "browser_version": "128", "created_at": NOON}
    unknown = {"ref": "", "ref_scheme": "", "browser": "", "browser_version": "", "system": ""}
    with storage.ledger.begin() as tx:
        tx.lock([1])
        page, event = tx.path_ids(1, [path("/a", "A"), path("click", event=True)])
        views = [
            pageview(page, campaign="Spring", **same),
            pageview(event, campaign="Spring", first_visit=False, **same),
            pageview(page, session=b"", width=0, location="", language="", **unknown),
        ]
        tx.append(1, views, keep_rows=[True] * 3)
    (batch,) = storage.vault.scan_shaped(1, SEEN_AS_GIVEN, after=0, upto=3)
    assert (batch.count, batch.upto, batch.hit_ids) == (3, 3, ["1", "2", "3"])
    assert batch.paths == [("/a", "A", False), ("click", "", True), ("/a", "A", False)]
    assert {type(path[2]) for path in batch.paths} == {bool}
    assert batch.refs == [("a.example", "h")] * 2 + [("", "")]
    assert batch.browsers == [("Firefox", "128")] * 2 + [("", "")]
    assert batch.systems == [("Linux", "")] * 2 + [("", "")]
    assert batch.campaigns == [("Spring",)] * 2 + [("",)]
    assert batch.widths == [(1920,), (1920,), (0,)]
    assert batch.locations == [("NL",), ("NL",), ("",)]
    assert batch.languages == [("nld",), ("nld",), ("",)]
    assert batch.sessions == [(b"s" * 16).hex()] * 2 + [""]
    assert batch.first_visits == [(True,), (False,), (True,)]
    assert {type(first) for (first,) in batch.first_visits} == {bool}
    assert batch.hours == [(NOON // 3600,)] * 3
    assert batch.seconds == [(NOON % 3600,)] * 3


def test_what_is_not_asked_for_is_not_there(storage: Storage) -> None:
    store(storage, 1)
    shapes: Shapes[Any] = Shapes(**NEEDED)
    (batch,) = storage.vault.scan_shaped(1, shapes, after=0, upto=1)
    assert (batch.count, batch.hit_ids, batch.campaigns, batch.languages) == (1, [], [], [])


def test_texts_of_a_row_may_hold_anything_and_times_may_be_long_ago(storage: Storage) -> None:
    texts = ["", " ", "a b", "\n", "\t,\"'", "\u2028é🦌", "%s", "\\x00"]
    times = [-1, 0, -3600, -3601, 3599, 2**31, -62_135_596_800, 253_402_300_799]
    with storage.ledger.begin() as tx:
        tx.lock([1])
        ids = tx.path_ids(1, [path("/")])
        views = [
            pageview(ids[0], location=text, language=text[::-1], created_at=at)
            for text, at in zip(texts, times, strict=True)
        ]
        tx.append(1, views, keep_rows=[True] * len(views))
    found = rows(storage)
    assert [(hit.location, hit.language[::-1], hit.created_at) for hit in found] == list(
        zip(texts, texts, times, strict=True)
    )


def test_a_scan_in_shapes_has_the_same_bounds(storage: Storage) -> None:
    for seconds in range(9):
        store(storage, 1, created_at=NOON + seconds)
    bounds: dict[str, Any] = {"after": 1, "upto": 8, "within": Span(NOON + 3), "limit": 3}
    batches = list(storage.vault.scan_shaped(1, SEEN_AS_GIVEN, **bounds))
    assert [batch.hit_ids for batch in batches] == [["4"], ["5", "6", "7"], ["8"]]
    assert [batch.upto for batch in batches] == [4, 7, 8]
    assert [[hit.hit_id for hit in hits] for hits in storage.vault.scan(1, **bounds)] == [
        [4], [5, 6, 7], [8],
    ]  # fmt: skip
    assert [batch.refs for batch in batches] == [[("news.example.com", "h")] * n for n in (1, 3, 1)]
    assert list(storage.vault.scan_shaped(2, SEEN_AS_GIVEN, after=0, upto=9)) == [], "a stranger's"


def test_a_list_of_shapes_tells_how_far_it_has_looked_where_a_span_leaves_everything_out(
    storage: Storage,
) -> None:
    store(storage, 1, "/a", "/b", "/c")
    bounds: dict[str, Any] = {"after": 0, "upto": 3, "within": Span(before=NOON), "limit": 2}
    batches = list(storage.vault.scan_shaped(1, SEEN_AS_GIVEN, **bounds))
    assert [(batch.count, batch.paths, batch.upto) for batch in batches] == [(0, [], 2), (0, [], 3)]


def test_a_list_of_shapes_stays_right_when_the_next_one_is_read(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaping, "KEPT", 0)
    store(storage, 1, "/a", "/b", "/c")
    batches = list(storage.vault.scan_shaped(1, SEEN_AS_GIVEN, after=0, upto=3, limit=1))
    assert [batch.paths[0][0] for batch in batches] == ["/a", "/b", "/c"]
    assert {batch.widths[0] for batch in batches} == {(1920,)}


def test_a_long_scan_keeps_the_order_of_ids(storage: Storage) -> None:
    """The relational engine relies on an inner question's order."""
    for _ in range(3):
        store(storage, 1, *(f"/{n * 7919 % 1000}" for n in range(1000)))
    assert [hit.hit_id for hit in rows(storage, limit=1100)] == list(range(1, 3001))


def test_a_scan_that_is_given_up_leaves_nothing_behind(storage: Storage) -> None:
    store(storage, 1, "/a", "/b", "/c")
    scan = storage.vault.scan_shaped(1, SEEN_AS_GIVEN, after=0, upto=3, limit=1)
    next(scan)
    scan.close()
    assert [t.name for t in threading.enumerate() if t.name.startswith("ahead")] == []


def test_a_scan_sees_what_the_callers_own_transaction_has_written(room: Room) -> None:
    if isinstance(room, Memory):
        pytest.skip("it has no transactions of others")
    storage = room.fresh()
    store(storage, 1, "/a")
    with transaction.atomic(using=room.alias):
        with connections[room.alias].cursor() as cursor:
            cursor.execute("UPDATE hits SET width = 7")
        assert [hit.width for hit in rows(storage)] == [7]


def test_a_scan_holds_nothing_open(storage: Storage) -> None:
    store(storage, 1, "/a", "/b")
    scan = storage.vault.scan(1, after=0, upto=2, limit=1)
    next(scan)
    assert store(storage, 1, "/c") == 3
    assert [hit.hit_id for chunk in scan for hit in chunk] == [2]


def test_an_empty_site_has_nothing(storage: Storage) -> None:
    assert storage.vault.visible_upto(9) == 0
    assert storage.vault.first_hit_at(9) is None
    assert rows(storage, 9) == []
    with pytest.raises(ValueError, match="no rollup"):
        storage.vault.rollup(9, "hits; drop table hits")


def test_the_first_hit_is_the_oldest_not_the_first_to_arrive(storage: Storage) -> None:
    store(storage, created_at=NOON)
    store(storage, created_at=NOON - 9)
    store(storage, created_at=NOON + 9)
    assert storage.vault.first_hit_at(1) == NOON - 9


def test_tenants_with_the_same_names_never_meet(storage: Storage) -> None:
    same: dict[str, Any] = {"ref": "same", "campaign": "same", "browser": "Same", "system": "Same"}
    store(storage, 2, "/other")
    for site_id in (1, 2):
        store(storage, site_id, "/same", session=bytes([site_id]) * 16, **same)
    for site_id in (1, 2):
        (mine,) = [hit for hit in rows(storage, site_id) if hit.path == "/same"]
        assert mine.session == bytes([site_id]) * 16
        assert rollup(storage, "campaign_stats", site_id) == {
            (HOUR, "/same", "same", "same", "h"): 1
        }
        assert rollup(storage, "hit_counts", site_id)[HOUR, "/same"] == 1


def test_one_transaction_can_carry_many_sites(storage: Storage) -> None:
    sites = range(1, 30)
    with storage.ledger.begin() as tx:
        tx.lock(sites)
        ids = tx.path_ids_of({site: [path("/a"), path(f"/{site}")] for site in sites})
        for site in sites:
            tx.append(site, [pageview(each) for each in ids[site]], keep_rows=[True, True])
    for site in sites:
        assert [hit.path for hit in rows(storage, site)] == ["/a", f"/{site}"]


def test_visits_of_a_path_are_asked_in_any_case_and_within_hours(storage: Storage) -> None:
    store(storage, 1, "/A", created_at=NOON)
    store(storage, 1, "/a", created_at=NOON - 3600)
    store(storage, 1, "/b", created_at=NOON)
    store(storage, 2, "/a", created_at=NOON)
    everything = {"since": 0, "before": HOUR + 1}
    assert storage.vault.visits(1, path="/a", **everything) == 2
    assert storage.vault.visits(1, path="/a", since=HOUR, before=HOUR + 1) == 1
    assert storage.vault.visits(1, path=None, **everything) == 3
    assert storage.vault.visits(1, path="/nothing", **everything) == 0
    assert storage.vault.visits(3, path=None, **everything) == 0
