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
    assert census.kept == census.recount
    assert census.kept["hit_counts"] == {NOON // 3600 + n: 2 for n in range(3)}
    assert census.kept["campaign_stats"] == {NOON // 3600 + n: 1 for n in range(3)}
    assert census.drift() == []
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
    [(found, at, has, should)] = storage.audit.census(1).drift()
    assert (found, at) == (name, hour)
    assert has > should
    assert storage.audit.census(2).drift() == [], "the other tenant's is in order"
    storage.audit.recount(1)
    assert {each: rollup(storage, each) for each in ROLLUPS} == before
    assert storage.audit.census(1).drift() == []


def test_an_hour_that_is_missing_is_found_also_where_some_have_no_rows(damaged: Relational) -> None:
    storage = damage(damaged, "DELETE FROM hit_counts WHERE site_id = 1")
    store_without_row(storage)
    assert {name for name, *_ in storage.audit.census(1).drift()} == {"hit_counts"}


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
    assert census.max_hit_id > census.last_hit_id


def test_the_drain_goes_on_after_a_recount(damaged: Relational) -> None:
    storage = damage(damaged, "UPDATE hit_counts SET count = 7 WHERE site_id = 1")
    storage.audit.recount(1)
    fill(storage)
    assert storage.audit.census(1).drift() == []
