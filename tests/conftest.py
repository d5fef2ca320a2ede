"""What every test stands on: a house of its own (data folder, journal), a cast, and clients."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches

from goatapi.http import outage
from hits import runtime
from sites.directory import directory
from storage.registry import storage
from tests.client import ApiClient
from tests.make import Cast, make_cast
from tests.openapi.contract import contract

ROOMS_SEEN_ONCE = ("browser", "house", "storage")
"""Pages look the same on any database; the storage room's tests bring all of its engines along."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test with a database has all three: the house never uses one alone.

    One without is marked `once`: nothing in it can tell SQLite from PostgreSQL and Redis.
    """
    for item in items:
        marker = item.get_closest_marker("django_db")
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        if marker or "db" in getattr(item, "fixturenames", ()):
            given = dict(marker.kwargs) if marker else {}
            item.add_marker(pytest.mark.django_db(**given | {"databases": "__all__"}), append=False)
        elif room != "live":
            item.add_marker(pytest.mark.once)
        if room in ROOMS_SEEN_ONCE:
            item.add_marker(pytest.mark.once)


@pytest.fixture(autouse=True)
def house(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A data folder for this test alone; gives its path. Journals of other tests are never seen."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, data_dir=tmp_path)
    settings.SITES_THREADS = 0
    settings.STORAGES = settings.STORAGES | {
        "exports": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "exports")},
        }
    }
    _forget()
    yield tmp_path
    _forget()
    leftover = [t.name for t in threading.enumerate() if t.name == "journal-sync"]
    assert not leftover, "a journal was left open"


@pytest.fixture(scope="session", autouse=True)
def description() -> None:
    """Made before any test changes a view, on which it would depend."""
    contract()


@pytest.fixture
def cast(db: None) -> Cast:
    """Two tenants who know nothing of each other."""
    return make_cast()


@pytest.fixture
def api(cast: Cast) -> ApiClient:
    """A client of the owner's site, with a key that may do everything."""
    return ApiClient(cast.owner)


@pytest.fixture
def stranger(cast: Cast) -> ApiClient:
    """The same for the other tenant: good credentials, not here."""
    return ApiClient(cast.stranger)


def _forget() -> None:
    if runtime.journal.cache_info().currsize:
        runtime.journal().close()
    for made in (
        runtime.journal,
        runtime.visitors,
        runtime.tallies,
        runtime.door,
        runtime.reader,
        directory,
        storage,
    ):
        made.cache_clear()
    outage.DATABASE.end()
    outage.LIMITS.end()
    if settings.ENVIRONMENT.redis_url:  # the database forgets with the test, Redis would not
        caches["default"].clear()
