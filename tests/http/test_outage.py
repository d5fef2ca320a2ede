"""What is said while the database or the limits' store is away: 503 in our form, and limits that let pass."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any, NoReturn

import psycopg
import pytest
from django.core.cache import caches
from django.db import InterfaceError, OperationalError

from goatapi.http import outage
from goatapi.http.outage import PAUSE_SECONDS, Outage
from sites import queries
from tests.client import ApiClient, Client
from tests.live.load import USER_AGENTS
from tests.make import Cast

AWAY = {"error": "the database does not answer"}


class Absent:
    """Raises for whatever it is asked, and counts the questions."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        self.asked += 1
        raise self.error


@pytest.fixture(params=[OperationalError, InterfaceError])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Absent:
    """A database that does not answer who has a key."""
    absent = Absent(request.param("gone"))
    monkeypatch.setattr(queries, "live_key", absent)
    return absent


@pytest.fixture
def limited(settings: Any) -> None:
    """Limits that nobody reaches."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"api": (1000, 86_400)})


def test_without_a_database_the_api_says_so_and_when_to_come_again(
    api: ApiClient, database: Absent
) -> None:
    reply = api.get("/api/v0/me")
    assert (reply.status_code, reply.json()) == (503, AWAY)
    assert int(reply["Retry-After"]) > 0


def test_for_a_moment_nobody_else_waits_for_it(api: ApiClient, database: Absent) -> None:
    for _ in range(3):
        assert api.get("/api/v0/me").status_code == 503
    assert database.asked == 1
    outage.DATABASE.end()
    api.get("/api/v0/me")
    assert database.asked == 2


def test_pageviews_and_health_do_not_wait_either(
    api: ApiClient, cast: Cast, database: Absent
) -> None:
    assert api.get("/api/v0/me").status_code == 503
    assert Client().get("/healthz").status_code == 200
    reply = Client().get(
        "/count?p=/", SERVER_NAME=cast.owner.host, headers={"User-Agent": USER_AGENTS[0]}
    )
    assert reply.status_code == 200


def test_a_middleware_without_a_database_says_the_same(
    api: ApiClient, limited: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "key_and_limit", Absent(OperationalError("gone")))
    reply = api.get("/api/v0/me")
    assert (reply.status_code, reply.json()) == (503, AWAY)


def test_a_store_that_fails_is_left_alone_for_a_moment(
    api: ApiClient, limited: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Absent(ConnectionError("gone"))
    monkeypatch.setattr(type(caches["default"]), "add", store)
    replies = [api.get("/api/v0/me") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200] * 3
    assert not any("X-Rate-Limit-Limit" in reply for reply in replies)
    assert store.asked == 1


def test_an_outage_is_over_by_itself() -> None:
    now = [100.0]
    it = Outage(clock=lambda: now[0])
    assert not it.lasts()
    it.begin()
    assert it.lasts()
    now[0] += PAUSE_SECONDS
    assert not it.lasts()


def locked(seconds: float = 0.01) -> sqlite3.OperationalError:
    """What SQLite really raises for somebody who waits for a lock in vain."""
    holder = sqlite3.connect("file:locked?mode=memory&cache=shared", uri=True)
    other = sqlite3.connect("file:locked?mode=memory&cache=shared", uri=True, timeout=seconds)
    with closing(holder), closing(other):
        holder.execute("BEGIN IMMEDIATE")
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return error
    raise AssertionError("it was not locked")


@pytest.mark.parametrize(
    "cause",
    [psycopg.errors.QueryCanceled(), psycopg.errors.LockNotAvailable(), locked()],
    ids=["statement time-out", "lock time-out", "SQLite's lock"],
)
def test_a_request_that_the_database_keeps_waiting_is_refused_alone(
    cause: Exception, api: ApiClient, stranger: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OperationalError("too slow")
    error.__cause__ = cause
    with monkeypatch.context() as patch:
        patch.setattr(queries, "live_key", Absent(error))
        reply = api.get("/api/v0/me")
    assert (reply.status_code, reply["Retry-After"]) == (503, "2")
    assert reply.json() == {"error": "the database is too busy; please try again"}
    assert stranger.get("/api/v0/me").status_code == 200
    assert api.get("/api/v0/me").status_code == 200


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.errors.AdminShutdown(),
        psycopg.errors.ConnectionFailure(),
        psycopg.OperationalError(),
    ],
)
def test_a_server_that_leaves_is_away_for_everybody(
    cause: Exception, api: ApiClient, stranger: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OperationalError("gone")
    error.__cause__ = cause
    with monkeypatch.context() as patch:
        patch.setattr(queries, "live_key", Absent(error))
        assert api.get("/api/v0/me").json() == AWAY
    assert stranger.get("/api/v0/me").json() == AWAY
