"""Every sentence of the contract runs on SQLite, on PostgreSQL and on the twin in memory.

The databases are this package's own, gone with it: other tests' set-up must not meet their aliases.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections  # noqa: TID251 - the engine's databases are made here
from pytest_django import DjangoDbBlocker

from goatapi.env import read
from storage.engines.relational.engine import RelationalStorage
from storage.memory import MemoryStorage
from storage.protocols import Storage
from tests import postgres

MIGRATION = importlib.import_module("storage.migrations.0001_initial")


class Relational:
    """A database behind an alias of its own, with this room's tables and nothing else."""

    def __init__(self, alias: str, settings: dict[str, Any]) -> None:
        self.alias = alias
        made = connections.configure_settings({"default": settings, alias: settings})
        connections.settings[alias] = made[alias]
        with connections[alias].schema_editor() as editor:
            MIGRATION.create_vault(None, editor)
            MIGRATION.create_cache(None, editor)
            self.tables = connections[alias].introspection.table_names()

    def fresh(self) -> Storage:
        """A storage with empty tables."""
        with connections[self.alias].cursor() as cursor:
            for table in self.tables:
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        return self.another()

    def another(self) -> Storage:
        """A second engine on the same tables, as another process would have."""
        return RelationalStorage(vault=self.alias, cache=self.alias)

    def close(self) -> None:
        """Forget the alias."""
        connections[self.alias].close()
        del connections[self.alias]
        del connections.settings[self.alias]


class Memory:
    """The twin. A second engine of it is the same object."""

    def fresh(self) -> Storage:
        """An empty one."""
        self._storage = MemoryStorage()
        return self._storage

    def another(self) -> Storage:
        """The same."""
        return self._storage


Room = Relational | Memory


@pytest.fixture(scope="package")
def sqlite_room(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Relational]:
    """SQLite with the options that the product sets."""
    folder = tmp_path_factory.mktemp("sqlite")
    settings = read({"GOATAPI_DATA_DIR": str(folder)}).databases["vault"]
    with django_db_blocker.unblock():
        room = Relational("room_sqlite", dict(settings))
        yield room
        room.close()


@pytest.fixture(scope="package")
def sqlite_file(sqlite_room: Relational) -> Path:
    """Where the bytes are."""
    return Path(str(connections[sqlite_room.alias].settings_dict["NAME"]))


@pytest.fixture(scope="package")
def postgresql_room(django_db_blocker: DjangoDbBlocker) -> Iterator[Relational]:
    """A PostgreSQL of our own."""
    if not postgres.is_installed():
        pytest.skip("no PostgreSQL is installed")
    with postgres.PrivatePostgres() as server, django_db_blocker.unblock():
        room = Relational("room_postgresql", dict(server.settings))
        yield room
        room.close()


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def room(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[Room]:
    """Each engine in turn."""
    made: Room = (
        Memory() if request.param == "memory" else request.getfixturevalue(f"{request.param}_room")
    )
    with django_db_blocker.unblock():
        yield made


@pytest.fixture
def storage(room: Room) -> Storage:
    """An empty storage."""
    return room.fresh()
