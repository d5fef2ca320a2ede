"""One round: clients send, processes are killed at random moments, and then the books are opened."""

import random
import time
from dataclasses import dataclass

from tests.faults.books import Books, Verdict
from tests.faults.senders import Resender, Sender, stop
from tests.faults.services import TREE, Kind, Service
from tests.faults.watchers import Follower, Monitor
from tests.live.load import Client
from tests.live.server import SECONDS, wait_until

LOAD_SECONDS = 2.5
SENDERS = 3
MOST_BLOWS = 3


@dataclass(frozen=True, slots=True)
class Blow:
    """At `at` seconds of the round `parts` are killed; what nobody starts is started `away` s later."""

    at: float
    parts: tuple[str, ...]
    away: float

    def __str__(self) -> str:
        return f"{self.at:.2f} s {' and '.join(self.parts)}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round has shown; times in seconds. `caught_up` is from the last sending to an empty journal."""

    kind: Kind
    blows: tuple[str, ...]
    verdict: Verdict
    outage: float
    caught_up: float
    took: float


def blows_of(chance: random.Random, parts: tuple[str, ...]) -> list[Blow]:
    """One to three, of one or two parts each; the whole tree goes alone."""
    moments = sorted(
        chance.uniform(0.1, LOAD_SECONDS) for _ in range(chance.randint(1, MOST_BLOWS))
    )
    return [Blow(at, _some(chance, parts), chance.uniform(0, 0.5)) for at in moments]


def _some(chance: random.Random, parts: tuple[str, ...]) -> tuple[str, ...]:
    chosen = tuple(chance.sample(parts, chance.choice((1, 1, 2))))
    return (TREE,) if TREE in chosen else chosen


class Rounds:
    """Rounds on one service, one after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._books = Books(service)
        self._follower = Follower(service.site)

    def run(self, name: str, chance: random.Random) -> Outcome:
        """One round; its sendings are marked with `name`, which no other round of the service has."""
        begun = time.monotonic()
        blows = blows_of(chance, self._service.parts)
        clients = self._clients(name)
        monitor = Monitor(self._service.server.url)
        self._follower.start()
        for thread in (monitor, *clients):
            thread.start()
        self._strike(blows)
        stop(clients, SECONDS)
        caught_up = wait_until(self._service.is_drained, self._service.server.said)
        wait_until(self._service.server.answers, self._service.server.said)
        monitor.stop()
        verdict = self._verdict(clients)
        took = time.monotonic() - begun
        told = tuple(map(str, blows))
        return Outcome(self._service.kind, told, verdict, monitor.longest, caught_up, took)

    def _clients(self, name: str) -> list[Client]:
        site = self._service.site
        senders = [Sender(site, f"{name}-sender-{number}") for number in range(SENDERS)]
        return [*senders, Resender(site, f"{name}-resender")]

    def _strike(self, blows: list[Blow]) -> None:
        begun = time.monotonic()
        for blow in blows:
            time.sleep(max(0.0, begun + blow.at - time.monotonic()))
            self._service.strike(blow.parts, blow.away)
        time.sleep(max(0.0, begun + LOAD_SECONDS - time.monotonic()))

    def _verdict(self, clients: list[Client]) -> Verdict:
        verdict = self._books.judge(clients)
        self._follower.finish()
        copy, table = self._follower.copy, self._books.table
        verdict.claim(copy == table, f"the copy by cursor is not the table: {_first(copy, table)}")
        verdict.claim(not self._follower.broken, f"broken exports: {self._follower.broken}")
        self._books.judge_files(verdict)
        verdict.claim(verdict.acknowledged > 0, "nothing was ever acknowledged")
        return verdict


def _first(copy: list[str], table: list[str]) -> str:
    at = next((n for n, (a, b) in enumerate(zip(copy, table, strict=False)) if a != b), -1)
    return f"{len(copy)} and {len(table)} rows, apart from row {at}"
