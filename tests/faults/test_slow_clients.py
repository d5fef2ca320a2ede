"""Hundreds of clients that never get to the end, and pageviews beside them."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults import LONG
from tests.faults.conftest import load_on
from tests.faults.services import Service
from tests.live.test_limits_of_bodies import COUNT, head, large_download

SLOW_CLIENTS = 500 if LONG else 200
"""Of each of three kinds."""


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """A socket for each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_hundreds_of_slow_headers_bodies_and_downloads_do_not_stop_pageviews(
    service: Service,
) -> None:
    site = service.site
    beginnings = (
        b"GET /count?p=/slow HTTP/1.1\r\nHost: ",
        head(site, f"POST {COUNT} HTTP/1.1\nContent-Length: 1000") + b"{",
        head(site, f"GET {large_download(site)} HTTP/1.1"),
    )
    with ExitStack() as stack, load_on(service) as load:
        for _ in range(SLOW_CLIENTS):
            for beginning in beginnings:
                connection = socket.create_connection(("127.0.0.1", site.server.port), 30)
                stack.enter_context(connection).sendall(beginning)
        load.goes_on()
        load.goes_on()
        assert service.server.answers()
        load.judge()
