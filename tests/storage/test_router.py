"""Which file holds what, and that the tables are where the engine looks for them."""

import pytest
from django.conf import settings
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.db import connections  # noqa: TID251 - looks at the tables that migrate made
from pytest_django import DjangoDbBlocker

from storage.router import RoomRouter, aliases, cache_alias, vault_alias
from tests.storage.conftest import Relational


def test_on_sqlite_there_are_three_files() -> None:
    assert aliases() == ("default", "vault", "cache")
    router = RoomRouter()
    assert router.allow_migrate("vault", "storage", file="vault")
    assert router.allow_migrate("cache", "storage", file="cache")
    assert not router.allow_migrate("default", "storage", file="vault")
    assert router.allow_migrate("default", "sites")
    assert not router.allow_migrate("vault", "sites")


def test_on_postgresql_everything_is_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for alias in ("vault", "cache"):
        monkeypatch.delitem(settings.DATABASES, alias)
    assert (vault_alias(), cache_alias(), aliases()) == ("default", "default", ("default",))
    assert RoomRouter().allow_migrate("default", "storage", file="cache")


def test_rate_limits_are_in_the_cache_file() -> None:
    model = DatabaseCache("limits", {}).cache_model_class
    assert RoomRouter().db_for_write(model) == "cache"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_limits_is_the_table_of_djangos_database_cache(
    engine: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    room: Relational = request.getfixturevalue(f"{engine}_room")
    monkeypatch.setattr(RoomRouter, "allow_migrate", lambda *_, **__: True)
    with django_db_blocker.unblock():
        call_command("createcachetable", "limits_by_django", database=room.alias, verbosity=0)
        assert _shape(room.alias, "limits") == _shape(room.alias, "limits_by_django")


def _shape(alias: str, table: str) -> object:
    look = connections[alias].introspection
    with connections[alias].cursor() as cursor:
        columns = look.get_table_description(cursor, table)
        keys = look.get_constraints(cursor, table).values()
    return (
        [(column.name, column.type_code, column.null_ok) for column in columns],
        sorted((key["columns"], key["unique"], key["primary_key"]) for key in keys),
    )
