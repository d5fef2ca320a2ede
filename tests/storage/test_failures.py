"""What the drain is told of a failure: try again, or never with this data. By the databases' own errors."""

import sqlite3
from pathlib import Path

import pytest
from django.db import connections  # noqa: TID251 - the databases are made to fail here

from storage.protocols import Storage, TryAgain, Unstorable
from tests.storage.build import NOON, rows, session, store
from tests.storage.conftest import Relational, Room

MOMENT = {
    "deadlock": "40P01",
    "serialization": "40001",
    "lock time-out": "55P03",
    "statement time-out": "57014",
    "shutdown": "57P01",
    "disk full": "53100",
    "too many connections": "53300",
    "read only": "25006",
    "no table yet": "42P01",
    "its own bug": "XX000",
}
DATA = {"out of range": "22003", "repeated": "23505", "too long for an index": "54000"}


def fail(room: Relational, state: str) -> None:
    """Have PostgreSQL itself raise `state` in the drain's transaction."""
    with room.fresh().ledger.begin(), connections[room.alias].cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")


@pytest.mark.parametrize("state", MOMENT.values(), ids=list(MOMENT))
def test_what_is_about_the_moment_is_tried_again(state: str, postgresql_room: Relational) -> None:
    with pytest.raises(TryAgain):
        fail(postgresql_room, state)


@pytest.mark.parametrize("state", DATA.values(), ids=list(DATA))
def test_what_is_about_the_data_is_never_stored(state: str, postgresql_room: Relational) -> None:
    with pytest.raises(Unstorable):
        fail(postgresql_room, state)


@pytest.mark.parametrize("name", ["sqlite_room", "postgresql_room"])
def test_a_number_that_no_column_takes_is_the_datas_fault(
    name: str, request: pytest.FixtureRequest
) -> None:
    storage = request.getfixturevalue(name).fresh()
    with pytest.raises(Unstorable):
        store(storage, created_at=2**63)
    assert store(storage) == 1, "and the next is stored"


def test_a_connection_that_is_cut_is_tried_again(postgresql_room: Relational) -> None:
    storage = postgresql_room.fresh()
    with (
        pytest.raises(TryAgain),
        storage.ledger.begin(),
        connections[postgresql_room.alias].cursor() as cursor,
    ):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert store(storage) == 1, "on a new connection"


def test_a_lock_that_another_holds_is_tried_again(
    sqlite_room: Relational, sqlite_file: Path
) -> None:
    storage = sqlite_room.fresh()
    store(storage)
    other = sqlite3.connect(sqlite_file, isolation_level=None)
    with connections[sqlite_room.alias].cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 10")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryAgain, match="locked"):
        store(storage)
    other.execute("ROLLBACK")
    other.close()
    assert store(storage) == 2


def test_a_rehearsal_stores_nothing_and_fails_as_the_performance_would(
    room: Room, storage: Storage
) -> None:
    store(storage)
    with storage.ledger.begin(rehearsal=True) as tx:
        tx.lock([1])
        tx.unseen(1, [b"k" * 16], now=NOON)
        tx.save_sessions(1, [session(paths={1})])
        tx.tally(1, 1, "bot", 1)
        tx.move("segment", 7)
    assert len(rows(storage)) == 1
    assert storage.ledger.positions("segment") == {}
    assert storage.ledger.tallies(1) == {}
    with storage.ledger.begin() as tx:
        tx.lock([1])
        assert tx.unseen(1, [b"k" * 16], now=NOON) == {b"k" * 16}
        assert list(tx.sessions(1, [b"k" * 16])) == []
