"""Ledger, rows and rollups held against each other: nothing is found in good order, everything in bad."""

import pytest
from django.db import connections  # noqa: TID251 - the databases are damaged here

from storage.protocols import Storage
from storage.types import ROLLUPS
from tests.storage.build import NOON, pageview, path, rollup, store
from tests.storage.conftest import Relational, Room


def fill(storage: Storage, site_id: int = 1) -> None:
    """Some hours, repeats, a campaign, browsers known and not."""
    for hour in range(3):
        with storage.ledger.begin() as tx:
            tx.lock([site_id])
            ids = tx.path_ids(site_id, [path("/a"), path("/b")])
            at = NOON + hour * 3600
            views = [
                pageview(ids[0], created_at=at, campaign="spring"),
                pageview(ids[1], created_at=at, browser="", system="", ref="", width=0),
                pageview(ids[1], created_at=at, first_visit=False),
            ]
            tx.append(site_id, views, keep_rows=[True] * 3)
            tx.tally(site_id, at // 86400, "counted", 3)


def store_without_row(storage: Storage) -> None:
    """As for a site that does not collect individual pageviews."""
    store(storage, keep=False)
    with storage.ledger.begin() as tx:
        tx.lock([1])
        tx.tally(1, 1, "counted", 1)


def test_what_the_drain_has_stored_is_in_order(room: Room, storage: Storage) -> None:
    fill(storage)
    fill(storage, 2)
    assert storage.audit.site_ids() == [1, 2]
    census = storage.audit.census(1)
    assert (census.last_hit_id, census.rows, census.max_hit_id, census.counted) == (9, 9, 9, 9)
    assert (census.differences, census.drift(), census.behind) == ([], [], {})
    assert storage.audit.nameless(1) == {}
    assert storage.audit.first_gap(1) is None


def test_an_unknown_site_is_in_order(room: Room, storage: Storage) -> None:
    census = storage.audit.census(5)
    assert (census.rows, census.last_hit_id, census.drift()) == (0, 0, [])
    assert storage.audit.first_gap(5) is None


def test_pageviews_counted_without_a_row_are_no_drift(room: Room, storage: Storage) -> None:
    fill(storage)
    store_without_row(storage)
    census = storage.audit.census(1)
    assert not census.has_all_rows()
    assert {(each.surplus, each.missing) for each in census.differences} == {(1, 0)}
    assert census.drift() == []


@pytest.fixture(params=["sqlite", "postgresql"])
def damaged(request: pytest.FixtureRequest) -> Relational:
    """A database that can be damaged behind the engine's back, with two sites in it."""
    room: Relational = request.getfixturevalue(f"{request.param}_room")
    fill(room.fresh(), 1)
    fill(room.another(), 2)
    return room


def damage(room: Relational, sql: str) -> Storage:
    """Do something that the service never does."""
    with connections[room.alias].cursor() as cursor:
        cursor.execute(sql)
    return room.another()


@pytest.mark.parametrize("name", ROLLUPS)
def test_a_rollup_that_says_something_else_is_found_and_made_anew(
    name: str, damaged: Relational
) -> None:
    before = {each: rollup(damaged.another(), each) for each in ROLLUPS}
    hour = NOON // 3600
    sql = f"UPDATE {name} SET count = 7 WHERE site_id = 1 AND hour = {hour}"  # noqa: S608  # our own names
    storage = damage(damaged, sql)
    [found] = storage.audit.census(1).drift()
    assert (found.rollup, found.hour, found.missing) == (name, hour, 0)
    assert found.surplus > 0
    assert storage.audit.census(2).drift() == [], "the other tenant's is in order"
    storage.audit.recount(1)
    assert {each: rollup(storage, each) for each in ROLLUPS} == before
    assert storage.audit.census(1).drift() == []


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("name", ROLLUPS)
def test_a_visit_in_another_place_of_its_hour_is_found(
    name: str, keep: bool, damaged: Relational
) -> None:
    if not keep:
        store_without_row(damaged.another())
    own = {"hit_counts": "path_id", "location_stats": "location", "language_stats": "language",
           "size_stats": "width", "ref_counts": "ref_id", "browser_stats": "browser_id",
           "system_stats": "system_id", "campaign_stats": "ref_id"}[name]  # fmt: skip
    hour = NOON // 3600 + 1
    other = "'XX'" if own in ("location", "language") else "77"
    storage = damage(
        damaged,
        f"UPDATE {name} SET {own} = {other} WHERE site_id = 1 AND path_id = 1 AND hour = {hour}",  # noqa: S608  # our own names
    )
    [found] = storage.audit.census(1).drift()
    assert (found.rollup, found.hour, found.surplus, found.missing) == (name, hour, 1, 1)


def test_an_hour_that_is_missing_is_found_also_where_some_have_no_rows(damaged: Relational) -> None:
    storage = damage(damaged, "DELETE FROM hit_counts WHERE site_id = 1")
    store_without_row(storage)
    assert {each.rollup for each in storage.audit.census(1).drift()} == {"hit_counts"}


def test_rows_that_are_missing_are_found(damaged: Relational) -> None:
    storage = damage(damaged, "DELETE FROM hits WHERE site_id = 1 AND hit_id IN (4, 5)")
    census = storage.audit.census(1)
    assert (census.rows, census.max_hit_id, census.last_hit_id) == (7, 9, 9)
    assert storage.audit.first_gap(1) == 4
    assert storage.audit.first_gap(2) is None
    assert damage(damaged, "DELETE FROM hits WHERE site_id = 2").audit.first_gap(2) == 1


def test_a_ledger_behind_its_rows_is_found(damaged: Relational) -> None:
    storage = damage(damaged, "UPDATE site_ledger SET last_hit_id = 8 WHERE site_id = 1")
    census = storage.audit.census(1)
    assert (census.max_hit_id, census.last_hit_id, census.behind) == (9, 8, {"hits": (8, 9)})
    assert storage.audit.census(2).behind == {}


def test_a_ledger_that_is_gone_is_found_and_made_anew(damaged: Relational) -> None:
    storage = damage(damaged, "DELETE FROM site_ledger WHERE site_id = 1")
    assert storage.audit.site_ids() == [1, 2]
    assert storage.audit.census(1).behind == {
        "hits": (0, 9), "paths": (0, 2), "refs": (0, 2),
        "browsers": (0, 1), "systems": (0, 1), "campaigns": (0, 1),
    }  # fmt: skip
    storage.audit.catch_up(1)
    assert (storage.audit.census(1).behind, storage.vault.first_hit_at(1)) == ({}, NOON)
    fill(storage)
    census = storage.audit.census(1)
    assert (census.rows, census.last_hit_id, census.drift()) == (18, 18, [])


def test_an_engine_at_work_sees_that_the_ledger_was_raised(damaged: Relational) -> None:
    storage = damaged.another()
    store(storage, 1, "/c")
    with storage.ledger.begin() as tx:
        revision = tx.lock([1])[1]
    damage(damaged, "UPDATE site_ledger SET last_hit_id = 1, last_path_id = 1 WHERE site_id = 1")
    damaged.another().audit.catch_up(1)
    with storage.ledger.begin() as tx:
        assert tx.lock([1])[1] > revision + 1, "what was remembered of the site is void"
    store(storage, 1, "/d")
    census = storage.audit.census(1)
    assert (census.rows, census.last_hit_id, census.behind) == (11, 11, {})


def test_ids_of_texts_that_are_gone_are_not_given_again(damaged: Relational) -> None:
    storage = damage(damaged, "DELETE FROM site_ledger WHERE site_id = 1")
    damage(damaged, "DELETE FROM paths WHERE site_id = 1 AND path_id = 2")
    assert storage.audit.nameless(1) == {"paths": 6}
    assert storage.audit.nameless(2) == {}
    storage.audit.catch_up(1)
    store(storage, 1, "/new")
    assert storage.audit.nameless(1) == {"paths": 6}, "and not the new one's"


def test_the_drain_goes_on_after_a_recount(damaged: Relational) -> None:
    storage = damage(damaged, "UPDATE hit_counts SET count = 7 WHERE site_id = 1")
    storage.audit.recount(1)
    fill(storage)
    assert storage.audit.census(1).drift() == []
