"""The directory asks in the test's own thread, in its transaction, and forgets between tests."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from sites.directory import directory


@pytest.fixture(autouse=True)
def _fresh_directory(settings: Settings) -> Iterator[None]:
    settings.SITES_THREADS = 0
    directory.cache_clear()
    yield
    directory.cache_clear()
