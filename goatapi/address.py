"""The address that is served, before anybody serves it. Standard library alone: the supervisor asks too."""

import errno
import os
import socket
import time

IN_USE = os.strerror(errno.EADDRINUSE)


def taken(host: str, port: int, *, patience: float = 0.0) -> str:
    """Why `host:port` can not be served, "" when it can.

    Two servers can listen on one port unnoticed, so this is asked first. One that is just leaving
    is waited for, `patience` seconds.
    """
    deadline = time.monotonic() + patience
    while (reason := _trouble(host, port)) == IN_USE and time.monotonic() < deadline:
        time.sleep(0.1)
    return f"{host}:{port} can not be served: {reason}" if reason else ""


def _trouble(host: str, port: int) -> str:
    """The system's word for it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()  # Linux lets two sockets bind, and only one listen
        except OSError as error:
            return error.strerror or str(error)
        except UnicodeError:
            return "that is no host name"
    return ""
