"""Free ports for the servers that tests start."""

import random
import socket


def free_port() -> int:
    """A port below those the system gives to clients: one that waits for a server can not meet itself."""
    while True:
        port = random.randint(20_000, 32_000)  # noqa: S311  # no secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
