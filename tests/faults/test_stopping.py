"""The service is told to stop while requests are on their way."""

import os
import random
import signal
import time

from tests.faults import LONG
from tests.faults.conftest import load_on
from tests.faults.services import Service
from tests.live.server import wait_until

STOPS = 10 if LONG else 2


def test_sigterm_in_the_middle_of_requests_loses_nothing(service: Service) -> None:
    with load_on(service) as load:
        for _ in range(STOPS):
            load.goes_on()
            time.sleep(random.uniform(0, 0.2))  # noqa: S311  # a moment, no secret
            service.server.stop()
            service.server.start()
        load.goes_on()
        load.judge()


def test_sigterm_for_single_processes_loses_nothing(service: Service) -> None:
    with load_on(service) as load:
        for name in ("web", "drain", "worker"):
            load.goes_on()
            restart(service, name)
        load.goes_on()
        load.judge()


def restart(service: Service, name: str) -> None:
    """The supervisor starts another."""
    told = service.server.child(name)
    os.kill(told, signal.SIGTERM)
    wait_until(lambda: service.server.child(name) != told, service.warnings)
