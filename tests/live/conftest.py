"""Servers that live for a session, a module or a test, and are gone afterwards."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.server import LiveServer

Make = Callable[..., LiveServer]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A running server for tests that leave it running; each makes sites of its own."""
    server = LiveServer(tmp_path_factory.mktemp("shared"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Make]:
    """Makes servers that are not yet started, each with a data folder of its own."""
    made: list[LiveServer] = []

    def make(**environment: str) -> LiveServer:
        folder = tmp_path / f"server-{len(made)}"
        folder.mkdir()
        made.append(LiveServer(folder, **environment))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def server(make_server: Make) -> LiveServer:
    """One of these, running."""
    made = make_server()
    made.start()
    return made
