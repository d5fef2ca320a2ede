"""A database that cuts connections, makes its clients wait, or is changed under them.

PostgreSQL and Redis away altogether: tests/live/test_production.py.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest

from tests.faults import LONG
from tests.faults.conftest import load_on
from tests.faults.services import POSTGRESQL, Service

CUTTING_SECONDS = 20.0 if LONG else 2.0
HELD_SECONDS = 15.0 if LONG else 1.5
CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND usename = 'goatapi'"
)
SHORT_OF_PATIENCE = "-c lock_timeout=200ms -c statement_timeout=20s"
SHORT_OF_TIME = "-c statement_timeout=200ms"


def test_connections_that_are_cut_again_and_again_cost_nothing(on_postgresql: Service) -> None:
    with load_on(on_postgresql) as load:
        load.goes_on()
        cut, deadline = 0, time.monotonic() + CUTTING_SECONDS
        while time.monotonic() < deadline:
            cut += on_postgresql.query(CUT)[0][0]
            time.sleep(0.1)
        print(f"{cut} connections cut")
        assert cut > 5
        load.goes_on()
        load.judge()


@pytest.mark.parametrize("options", [SHORT_OF_PATIENCE, SHORT_OF_TIME] if LONG else [SHORT_OF_TIME])
def test_who_waits_too_long_for_a_lock_tries_again_and_nothing_is_set_aside(options: str) -> None:
    with Service(POSTGRESQL, options=options) as service, load_on(service) as load:
        load.goes_on()
        with changing(service, "LOCK TABLE site_ledger IN EXCLUSIVE MODE"):
            time.sleep(HELD_SECONDS)
            load.goes_on()
        assert "timeout" in service.warnings()
        load.goes_on()
        load.judge()
        assert not (service.journal / "quarantine").exists()


@pytest.mark.parametrize("where", ["service", "on_postgresql"])
def test_a_migration_while_pageviews_arrive_costs_none(
    where: str, request: pytest.FixtureRequest
) -> None:
    service: Service = request.getfixturevalue(where)
    with load_on(service) as load:
        load.goes_on()
        with changing(service, "ALTER TABLE hits ADD COLUMN mood integer NOT NULL DEFAULT 7"):
            time.sleep(HELD_SECONDS)
            load.goes_on()
        load.goes_on()
        with changing(service, "CREATE INDEX hits_by_mood ON hits (site_id, mood)"):
            load.goes_on()
        load.judge()
        assert set(service.query("SELECT mood FROM hits")) == {(7,)}


@contextmanager
def changing(service: Service, statement: str) -> Iterator[None]:
    """A transaction in which `statement` was run: it is committed when the block ends."""
    with closing(connected(service)) as connection:
        connection.execute("BEGIN")
        connection.execute(statement)
        yield
        connection.execute("COMMIT")


def connected(service: Service) -> Any:
    """A connection that leaves transactions to whoever asks; both drivers know `execute`."""
    if service.hosts:
        return psycopg.connect(service.hosts.postgres.url, autocommit=True)
    path = service.server.data / "vault.sqlite3"
    return sqlite3.connect(path, timeout=20, isolation_level=None)
