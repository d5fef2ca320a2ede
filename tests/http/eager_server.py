"""`python -m tests.http.eager_server PORT`: granian on the eager loop; it answers where its steps were taken."""

import sys
import threading
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from goatapi import eager


def place() -> str:
    """The loop runs in the main thread of granian's worker."""
    return "loop" if threading.current_thread() is threading.main_thread() else "server"


async def app(scope: Any, protocol: Any) -> None:
    """Two steps under /waiting, one elsewhere."""
    places = [place()]
    if scope.path == "/waiting":
        await eager.in_loop()
        places.append(place())
    protocol.response_str(200, [], " ".join(places))


if __name__ == "__main__":
    Granian(
        "tests.http.eager_server:app",
        port=int(sys.argv[1]),
        interface=Interfaces.RSGI,
        loop=eager.NAME,  # type: ignore[arg-type]  # see ops/management/commands/web.py
        log_level=LogLevels.warning,
    ).serve()
