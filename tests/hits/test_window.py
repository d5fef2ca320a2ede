"""The flood window of `/count`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from hits import window as window_module
from hits.window import FloodWindow, Taken


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_without_a_rate_there_is_no_limit_and_nothing_to_tell() -> None:
    window = FloodWindow(None)
    assert [window.take("a") for _ in range(100)] == [None] * 100


def test_so_many_pass_and_the_next_does_not(clock: Clock) -> None:
    window = FloodWindow((3, 10), clock)
    assert [window.take("a") for _ in range(5)] == [
        Taken(ok=True, limit=3, remaining=2, reset=10),
        Taken(ok=True, limit=3, remaining=1, reset=10),
        Taken(ok=True, limit=3, remaining=0, reset=10),
        Taken(ok=False, limit=3, remaining=0, reset=10),
        Taken(ok=False, limit=3, remaining=0, reset=10),
    ]


def test_a_window_begins_with_the_first_request_and_refusals_do_not_lengthen_it(
    clock: Clock,
) -> None:
    window = FloodWindow((1, 10), clock)
    assert passes(window, "a")
    clock.now += 9.5
    refused = window.take("a")
    assert refused == Taken(ok=False, limit=1, remaining=0, reset=1)
    clock.now += 0.5
    assert passes(window, "a")


def test_the_time_to_the_end_is_rounded_up(clock: Clock) -> None:
    window = FloodWindow((4, 10), clock)
    window.take("a")
    clock.now += 0.1
    taken = window.take("a")
    assert taken
    assert taken.reset == 10


def test_keys_do_not_share(clock: Clock) -> None:
    window = FloodWindow((1, 10), clock)
    assert all(passes(window, key) for key in [(1, "ip", "ua"), (2, "ip", "ua"), (1, "ip", "ua2")])
    assert not passes(window, (1, "ip", "ua"))


def test_threads_are_counted_exactly(clock: Clock) -> None:
    window = FloodWindow((100, 10), clock)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: passes(window, "a"), range(500)))
    assert taken.count(True) == 100


def test_windows_that_are_over_make_room_for_others(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_module, "MAX_KEYS", 10)
    window = FloodWindow((1, 10), clock)
    for n in range(9):
        window.take(n)
    clock.now += 10
    assert passes(window, "still running")
    assert passes(window, "the eleventh")
    assert not passes(window, "still running")
    assert len(window._windows) == 2


def test_a_flood_of_keys_does_not_fill_the_memory(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_module, "MAX_KEYS", 10)
    window = FloodWindow((1, 10), clock)
    assert all(passes(window, n) for n in range(1000))
    assert len(window._windows) <= 10


def passes(window: FloodWindow, key: object) -> bool:
    taken = window.take(key)
    assert taken
    return taken.ok
