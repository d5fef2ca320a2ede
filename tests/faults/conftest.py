"""Services that live for one test, and clients that send to them meanwhile."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults import senders
from tests.faults.books import Verdict, books_of
from tests.faults.senders import BATCH, PIXELS, Resender, Sender, knock
from tests.faults.services import POSTGRESQL, SQLITE, Kind, Service
from tests.live.load import Client
from tests.live.server import SECONDS, wait_until

SENDERS = 3
ROOM = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests bring both databases along themselves."""
    for item in items:
        if item.path.is_relative_to(ROOM):
            item.add_marker(pytest.mark.once)


class Load:
    """Clients that send to the service of a test until they are stopped."""

    numbers = itertools.count()

    def __init__(self, service: Service) -> None:
        self.service = service
        name = f"load-{next(self.numbers)}"
        self.clients: list[Client] = [
            Sender(service.site, f"{name}-sender-{n}") for n in range(SENDERS)
        ]
        self.clients.append(Resender(service.site, f"{name}-resender"))
        for client in self.clients:
            client.start()

    def acknowledged(self) -> int:
        """Pageviews so far."""
        return sum(len(client.acknowledged) for client in self.clients)

    def goes_on(self) -> None:
        """Wait until every client has been acknowledged some more."""
        self._wait_for_more("acknowledged", BATCH, self.clients)

    def is_refused(self) -> None:
        """Wait until no client gets on any more: every batch and every pixel is refused, in so many words."""
        while True:
            taken = self.acknowledged()
            self._wait_for_more("refused", 2 * (BATCH + PIXELS), self.clients[:SENDERS])
            if self.acknowledged() == taken:
                break

        wait_until(self._is_told_to_come_again, self.service.warnings)

    def _is_told_to_come_again(self) -> bool:
        """By 503 and in how many seconds, a pixel like a batch."""
        return [int(headers["Retry-After"]) > 0 for headers in knock(self.service.site)] == [
            True
        ] * 2

    def _wait_for_more(self, what: str, count: int, clients: list[Client]) -> None:
        before = [len(getattr(client, what)) for client in clients]
        wait_until(
            lambda: all(
                len(getattr(client, what)) >= had + count
                for client, had in zip(clients, before, strict=True)
            ),
            self.service.warnings,
        )

    def stop(self) -> None:
        """Nobody sends any more."""
        senders.stop(self.clients, SECONDS)

    def doubt_refusals(self) -> None:
        """A disk that fails may have taken what it does not confirm: as with no answer, at most once."""
        for client in self.clients:
            client.unanswered += [[marker] for marker in client.refused]
            client.refused.clear()

    def judge(self) -> Verdict:
        """Stop; once all is drained, every promise has to be kept."""
        verdict = self.verdict()
        print(verdict)
        assert verdict.is_good, f"{verdict}\n{self.service.warnings()}"
        assert verdict.acknowledged
        return verdict

    def verdict(self) -> Verdict:
        """The same without a demand."""
        self.stop()
        wait_until(self.service.is_drained, self.service.warnings)
        return books_of(self.service).judge(self.clients)


Serve = Callable[..., Service]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts services of the test's own, on SQLite in the mode `write` unless told otherwise."""
    with ExitStack() as stack:

        def start(kind: Kind = SQLITE, folder: Path | None = None, **environment: str) -> Service:
            return stack.enter_context(Service(kind, folder, **environment))

        yield start


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """On SQLite, for all tests that leave it running and sound."""
    with Service(SQLITE) as service:
        yield service


@pytest.fixture(scope="session")
def on_postgresql() -> Iterator[Service]:
    """The same on PostgreSQL and Redis."""
    with Service(POSTGRESQL) as service:
        yield service


@contextmanager
def load_on(service: Service) -> Iterator[Load]:
    """Clients that are stopped in any case."""
    load = Load(service)
    try:
        yield load
    except BaseException:
        for client in load.clients:
            client.stop()
        load.verdict()  # so that the next test's books begin behind what this one has sent
        raise
