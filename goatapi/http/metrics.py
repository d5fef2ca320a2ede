"""Figures for Prometheus, on a port of their own that only the machine itself can reach."""

import logging

from prometheus_client import Counter, start_http_server

log = logging.getLogger("goatapi.metrics")

LIMITER_FAILURES = Counter(
    "goatapi_limiter_failures",
    "Requests that passed unlimited because the rate limit store did not answer.",
    ["limit"],
)


def serve(port: int) -> None:
    """Answer on 127.0.0.1:`port`; not at all for 0."""
    if port:
        try:
            start_http_server(port, addr="127.0.0.1")
        except OSError as error:  # another web process of this host has it
            log.error("no metrics on port %d: %s", port, error.strerror)
