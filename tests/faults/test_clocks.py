"""Clocks that jump, over a rotation of the salts and back again, in every process of the service."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.faults.services import SQLITE, Service
from tests.live.load import USER_AGENTS
from tests.live.server import wait_until

HOUR = 3600


class Clock:
    """What the service takes for the time; of its own processes alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)

    @property
    def environment(self) -> dict[str, str]:
        """For the service; see jumping/sitecustomize.py."""
        return {
            "PYTHONPATH": str(Path(__file__).parent / "jumping"),
            "JUMP_FILE": str(self._file),
        }

    def jump(self, seconds: int) -> None:
        """So far from the true time, from now on."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.rename(self._file)


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    """At the true time."""
    return Clock(tmp_path_factory.mktemp("clock") / "offset")


@pytest.fixture(scope="module")
def elsewhen(clock: Clock) -> Iterator[Service]:
    """A service that goes by that clock."""
    with Service(SQLITE, None, **clock.environment) as service:
        yield service


def test_jumps_over_a_rotation_and_back_lose_no_pageview_and_keep_the_session(
    clock: Clock, elsewhen: Service
) -> None:
    for at, path in enumerate(("/first", "/first", "/second")):
        visit(elsewhen, path)
        assert len(rows(elsewhen)) == at + 1
    first_salts = salts(elsewhen)
    jump(elsewhen, clock, 7 * HOUR)
    visit(elsewhen, "/first")
    jump(elsewhen, clock, 8 * HOUR + 600)
    wait_until(lambda: salts(elsewhen) != first_salts, elsewhen.warnings)
    visit(elsewhen, "/first")
    assert len({session for _, session, _, _ in rows(elsewhen)}) == 1
    assert [first for _, _, first, _ in rows(elsewhen)] == [1, 0, 1, 0, 0]
    jump(elsewhen, clock, -HOUR)
    visit(elsewhen, "/before")
    jump(elsewhen, clock, 40 * HOUR)
    wait_until(lambda: not salts(elsewhen) & first_salts, elsewhen.warnings)
    visit(elsewhen, "/first")
    assert rows(elsewhen)[-1][1] not in {session for _, session, _, _ in rows(elsewhen)[:-1]}
    assert [path for path, *_ in rows(elsewhen)] == [
        *("/first", "/first", "/second", "/first", "/first", "/before", "/first")
    ]
    assert elsewhen.server.answers()
    now = time.time()
    ages = [round((at - now) / HOUR) for *_, at in rows(elsewhen)]
    assert ages == [0, 0, 0, 7, 8, -1, 40]


def jump(service: Service, clock: Clock, seconds: int) -> None:
    """And wait until the service has noticed."""
    clock.jump(seconds)
    wait_until(lambda: abs(told_time(service) - time.time() - seconds) < 60, service.warnings)


def told_time(service: Service) -> float:
    """By its log, which is in UTC."""
    service.server.answers()
    lines = [line for line in service.server.said().splitlines() if '"answered"' in line]
    return datetime.fromisoformat(json.loads(lines[-1])["time"] + "+00:00").timestamp()


def visit(service: Service, path: str) -> None:
    """By the same visitor, and until it is counted."""
    had = len(rows(service))
    host, agent = service.site.host, USER_AGENTS[0]
    url = f"{service.server.url}/count?p={path}"
    answer = httpx.get(url, headers={"Host": host, "User-Agent": agent}, trust_env=False)
    assert answer.status_code == 200, answer.headers
    wait_until(lambda: len(rows(service)) > had, service.warnings)


def rows(service: Service) -> list[tuple[str, bytes, int, int]]:
    """Path, session, first visit and time of each pageview."""
    return service.query(
        "SELECT path, session, first_visit, created_at FROM hits"
        " JOIN paths USING (site_id, path_id) ORDER BY hit_id"
    )


def salts(service: Service) -> set[bytes]:
    """The secrets that the database holds."""
    return {value for (value,) in service.query("SELECT value FROM salts")}
