"""The loop that lets a request take its first step where the web server hands it over."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from goatapi.eager import EagerLoop, in_loop
from tests.ports import free_port

SECONDS = 60.0


@pytest.fixture
def loop() -> Iterator[EagerLoop]:
    """A loop that does not run yet."""
    loop = EagerLoop()
    yield loop
    loop.close()


def hand_over(loop: EagerLoop, request: object) -> None:
    """What the web server does, from a thread of its own."""
    thread = threading.Thread(
        target=loop.call_soon_threadsafe, args=(loop.create_task, request), name="server"
    )
    thread.start()
    thread.join()


def test_a_request_that_waits_for_nothing_never_comes_to_the_loop(loop: EagerLoop) -> None:
    seen = []

    async def request() -> None:
        seen.append(threading.current_thread().name)

    hand_over(loop, request())
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert seen == ["server"]


def test_one_that_needs_the_loop_goes_on_there(loop: EagerLoop) -> None:
    seen = []

    async def request() -> None:
        seen.append(threading.current_thread().name)
        await in_loop()
        seen.append(threading.current_thread().name)
        loop.stop()

    hand_over(loop, request())
    loop.run_forever()
    assert seen == ["server", threading.current_thread().name]


def test_a_wait_for_anything_else_comes_too_early(loop: EagerLoop) -> None:
    refused = []

    async def request() -> None:
        try:
            await loop.create_future()
        except RuntimeError as error:
            refused.append(str(error))

    hand_over(loop, request())
    assert refused == ["`await in_loop()` comes before any other wait"]


def test_other_calls_from_other_threads_are_left_alone(loop: EagerLoop) -> None:
    seen: list[str] = []
    loop.call_soon_threadsafe(seen.append, "called")
    loop.call_soon_threadsafe(loop.stop)
    assert seen == []
    loop.run_forever()
    assert seen == ["called"]


@pytest.fixture
def granian() -> Iterator[str]:
    """The address of a real server on this loop."""
    port = free_port()
    command = [sys.executable, "-m", "tests.http.eager_server", str(port)]
    with subprocess.Popen(command) as process:
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def answer(url: str) -> str:
    """What it says, once it is up."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return httpx.get(url).text
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.once
def test_the_web_server_takes_the_first_step_itself(granian: str) -> None:
    assert answer(f"{granian}/") == "server"
    assert answer(f"{granian}/waiting") == "server loop"
