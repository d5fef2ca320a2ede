"""How long a site is remembered: with a clock and a database that the test moves itself."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Event, Thread
from typing import Any

import pytest

from goatapi import errors
from sites import directory as module
from sites.directory import InlinePool, SiteDirectory
from sites.tenancy import SiteRef

FOO = SiteRef(id=1, account_id=1, code="foo")
CHANGED = SiteRef(id=1, account_id=1, code="foo", link_domain="changed.org")
HOST = "foo.example.com"


class Bench:
    """A database in a dictionary, a clock in a number; `down` makes every question fail."""

    def __init__(self, **options: Any) -> None:
        self.sites: dict[str | int, SiteRef] = {HOST: FOO, 1: FOO}
        self.now, self.down, self.asked = 100.0, False, 0
        pool = options.pop("pool", InlinePool())
        self.directory = SiteDirectory(self.load, pool=pool, clock=lambda: self.now, **options)

    def load(self, key: str | int) -> SiteRef | None:
        self.asked += 1
        if self.down:
            raise OSError("no route to the database")
        return self.sites.get(key)


class HeldPool(Executor):
    """Keeps what is submitted until the test runs it."""

    def __init__(self) -> None:
        self.held: list[Callable[[], object]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.held.append(lambda: fn(*args, **kwargs))
        return Future()

    def run(self) -> None:
        while self.held:
            self.held.pop(0)()


def test_an_entry_younger_than_half_a_second_is_served_without_a_question() -> None:
    bench = Bench()
    assert bench.directory.find(HOST) == FOO
    bench.now += 0.49
    assert bench.directory.find("FOO.example.com:8000") == FOO
    assert bench.asked == 1


def test_an_older_entry_is_served_and_asked_for_once_behind_its_back() -> None:
    pool = HeldPool()
    bench = Bench(pool=pool)
    bench.directory.ask(HOST)
    pool.run()
    bench.sites[HOST] = CHANGED
    bench.now += 0.6
    assert [bench.directory.find(HOST) for _ in range(3)] == [FOO] * 3
    assert len(pool.held) == 1
    pool.run()
    assert bench.directory.find(HOST) == CHANGED


def test_a_change_is_seen_after_one_second_at_the_latest() -> None:
    bench = Bench()
    bench.directory.find(HOST)
    bench.sites[HOST] = CHANGED
    bench.now += 1.0
    assert bench.directory.find(HOST) == CHANGED


def test_the_age_counts_from_before_the_question() -> None:
    bench = Bench()

    def slow(key: str | int) -> SiteRef | None:
        site = bench.sites.get(key)
        bench.now += 0.9
        return site

    directory = SiteDirectory(slow, pool=InlinePool(), clock=lambda: bench.now)
    directory.find(HOST)
    bench.sites[HOST] = CHANGED
    bench.now += 0.1
    assert directory.find(HOST) == CHANGED


def test_a_site_that_is_gone_and_one_that_is_new_are_seen_too() -> None:
    bench = Bench()
    assert bench.directory.find("new.example.com") is None
    assert bench.directory.find(HOST) == FOO
    bench.sites = {"new.example.com": FOO}
    bench.now += 1.0
    assert bench.directory.find("new.example.com") == FOO
    assert bench.directory.find(HOST) is None
    bench.down = True
    bench.now += 60.0
    assert bench.directory.find("new.example.com") == FOO
    assert bench.directory.find(HOST) is None


def test_unknown_hosts_are_remembered_too() -> None:
    bench = Bench()
    assert [bench.directory.find("who.example.com") for _ in range(3)] == [None] * 3
    assert bench.asked == 1


def test_nonsense_is_nobody_without_a_question() -> None:
    bench = Bench()
    assert bench.directory.find("a b") is None
    assert bench.directory.peek("<>") == (True, None)
    assert bench.asked == 0


def test_while_the_database_is_down_the_last_known_site_is_served_however_old() -> None:
    bench = Bench()
    bench.directory.find(HOST)
    bench.down = True
    for later in (0.7, 5.0, 86_400.0):
        bench.now += later
        assert bench.directory.find(HOST) == FOO
    bench.down, bench.sites[HOST] = False, CHANGED
    bench.now += 1.0
    assert bench.directory.find(HOST) == CHANGED


def test_while_the_database_is_down_a_new_host_is_refused_for_now() -> None:
    bench = Bench()
    bench.down = True
    with pytest.raises(errors.Unavailable) as refusal:
        bench.directory.find(HOST)
    assert refusal.value.retry_after == 1


def test_a_database_that_hangs_is_waited_for_once_and_not_by_everyone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    pool = HeldPool()
    bench = Bench(pool=pool)
    bench.directory.ask(HOST)
    pool.run()
    bench.now += 2.0
    assert bench.directory.find(HOST) == FOO
    monkeypatch.setattr(module, "PATIENCE", 60)
    assert bench.directory.find(HOST) == FOO
    assert bench.directory.peek(HOST) == (True, FOO)


def test_peek_never_asks_for_what_it_does_not_know() -> None:
    bench = Bench()
    assert bench.directory.peek(HOST) == (False, None)
    assert bench.asked == 0
    bench.directory.find(HOST)
    assert bench.directory.peek(HOST) == (True, FOO)


@pytest.mark.parametrize("spelled", [HOST, "FOO.example.com.:8000"])
def test_however_a_host_is_spelled_peek_sees_its_changes(spelled: str) -> None:
    bench = Bench()
    bench.directory.find(HOST)
    assert [bench.directory.peek(spelled) for _ in range(3)] == [(True, FOO)] * 3
    bench.sites[HOST] = CHANGED
    bench.now += 0.6
    bench.directory.peek(spelled)  # asks behind its back
    assert bench.directory.peek(spelled) == (True, CHANGED)
    del bench.sites[HOST]
    bench.now += 0.6
    bench.directory.peek(spelled)
    assert bench.directory.peek(spelled) == (True, None)
    bench.directory.clear()
    assert bench.directory.peek(spelled) == (False, None)


def test_spellings_are_remembered_within_bounds() -> None:
    bench = Bench(size=10)
    bench.directory.find(HOST)
    for port in range(100):
        assert bench.directory.peek(f"{HOST}:{port}") == (True, FOO)
    assert len(bench.directory._spelled) <= 10


def test_peek_shows_what_is_too_old_but_does_not_vouch_for_it() -> None:
    pool = HeldPool()
    bench = Bench(pool=pool)
    bench.directory.ask(HOST)
    pool.run()
    bench.now += 1.0
    assert bench.directory.peek(HOST) == (False, FOO)
    pool.run()
    assert bench.directory.peek(HOST) == (True, FOO)


def test_invented_hosts_push_out_each_other_and_no_real_site() -> None:
    bench = Bench(size=10)
    bench.directory.find(HOST)
    for number in range(100):
        bench.directory.find(f"invented{number}.example.com")
    bench.down = True
    bench.now += 60.0
    assert bench.directory.find(HOST) == FOO
    assert bench.directory.peek("invented99.example.com")[0]
    assert bench.directory.peek("invented1.example.com") == (False, None)


def test_a_flood_of_invented_hosts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FLIGHTS", 3)
    pool = HeldPool()
    bench = Bench(pool=pool)
    for number in range(3):
        bench.directory.ask(f"invented{number}.example.com")
    with pytest.raises(errors.Unavailable):
        bench.directory.ask("one-more.example.com")
    pool.run()
    bench.directory.ask("one-more.example.com")


def test_a_site_by_its_id() -> None:
    bench = Bench()
    assert bench.directory.by_id(1) == FOO
    assert bench.directory.by_id(2) is None
    bench.sites[1] = CHANGED
    bench.now += 1.0
    assert bench.directory.by_id(1) == CHANGED


def test_a_crowd_asks_once() -> None:
    gate, asked = Event(), []

    def load(key: str | int) -> SiteRef | None:
        asked.append(key)
        gate.wait(5)
        return FOO

    found: list[SiteRef | None] = []
    with ThreadPoolExecutor(2) as pool:
        directory = SiteDirectory(load, pool=pool)
        crowd = [Thread(target=lambda: found.append(directory.find(HOST))) for _ in range(8)]
        for one in crowd:
            one.start()
        gate.set()
        for one in crowd:
            one.join()
    assert found == [FOO] * 8
    assert asked == [HOST]
