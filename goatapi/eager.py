"""An event loop whose requests take their first step where the web server hands them over.

The server's own thread makes the coroutine of a request and asks the loop's thread to run it. For `/count`,
which has nothing to wait for, that exchange costs more than the work: two threads hand the interpreter lock
to and fro, twice a request (docs/performance.md). So the first step is taken at once, in the server's thread, and
only a coroutine that is not done by then comes to the loop.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from types import CoroutineType
from typing import Any

import uvloop
from granian import loops

NAME = "eager"


class EagerLoop(uvloop.Loop):
    """For coroutines that know of it: before they need the loop they `await in_loop()`."""

    def call_soon_threadsafe(  # type: ignore[override]  # a request that is done needs no handle, and nobody asks
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle | None:
        """As asyncio's, and a coroutine among the arguments comes first: the server's way to begin a request."""
        if args and isinstance(args[0], CoroutineType) and _is_done(args[0]):
            return None
        return super().call_soon_threadsafe(callback, *args, context=context)


async def in_loop() -> None:
    """Go on in the loop's thread, as a task; in any other loop just one turn later."""
    # The one wait that belongs to no loop: a task takes the coroutine up behind it.
    await asyncio.sleep(0)


@loops.register(NAME)
def build() -> EagerLoop:
    """For the web server: `Granian(loop=NAME)`."""
    loop = EagerLoop()
    asyncio.set_event_loop(loop)
    return loop


def _is_done(coroutine: "CoroutineType[Any, Any, Any]") -> bool:
    """Whether the first step was all; errors are the server's to catch, and it does so within the coroutine."""
    try:
        if coroutine.send(None) is not None:
            coroutine.throw(RuntimeError("`await in_loop()` comes before any other wait"))
    except StopIteration:
        return True
    return False
