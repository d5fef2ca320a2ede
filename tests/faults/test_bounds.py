"""What grows while the drain stands still has an end, and what was taken until then is counted."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.conftest import Serve, load_on
from tests.faults.services import Service
from tests.live.server import send


@contextmanager
def drain_stopped(service: Service) -> Iterator[None]:
    """It is not scheduled any more."""
    drain = service.server.child("drain")
    send(drain, signal.SIGSTOP)
    try:
        yield
    finally:
        send(drain, signal.SIGCONT)


def test_a_journal_over_its_bound_refuses_and_recovers_by_itself(serve: Serve) -> None:
    bound = 1 << 20
    service = serve(GOATAPI_JOURNAL_MAX=str(bound))
    with load_on(service) as load:
        load.goes_on()
        with drain_stopped(service):
            load.is_refused()
            held = sum(path.stat().st_size for path in service.journal.glob("*.seg"))
            assert bound // 2 < held <= bound
        load.goes_on()
        load.judge()
