"""Who is the same visitor: hashes under two salts, which outlive a database that is away."""

import pytest

from hits.visitors import STALE_SECONDS, Visitors, once_key
from storage.memory import MemoryStorage
from storage.types import SALT_SECONDS, Salt


class Store:
    """Salts of a real ledger, as long as it answers."""

    def __init__(self) -> None:
        self._ledger = MemoryStorage()
        self.now = 1_000_000
        self.asked = 0
        self.away = False

    def fetch(self) -> tuple[Salt, Salt]:
        self.asked += 1
        if self.away:
            raise ConnectionError("the database is away")
        return self._ledger.salts(now=self.now)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def visitors(store: Store) -> Visitors:
    return Visitors(store.fetch, lambda: float(store.now))


def test_the_same_browser_at_the_same_address_is_the_same_visitor(visitors: Visitors) -> None:
    assert visitors.by_address(1, "192.0.2.1", "Firefox") == visitors.by_address(
        1, "192.0.2.1", "Firefox"
    )


def test_everything_else_is_another_visitor(visitors: Visitors) -> None:
    hashes = {
        visitors.by_address(1, "192.0.2.1", "Firefox"),
        visitors.by_address(2, "192.0.2.1", "Firefox"),
        visitors.by_address(1, "192.0.2.2", "Firefox"),
        visitors.by_address(1, "192.0.2.1", "Chrome"),
        visitors.by_session(1, "192.0.2.1\0Firefox"),
        visitors.by_session(2, "a"),
        visitors.by_session(1, "a"),
    }
    assert len(hashes) == 7
    assert {len(part) for pair in hashes for part in pair} == {16}


def test_two_processes_make_the_same_hashes(store: Store, visitors: Visitors) -> None:
    other = Visitors(store.fetch)
    assert other.by_session(1, "a") == visitors.by_session(1, "a")


def test_a_rotation_keeps_the_last_hash_as_the_one_before(store: Store, visitors: Visitors) -> None:
    current, _ = visitors.by_session(1, "a")
    store.now += SALT_SECONDS
    visitors.refresh()
    later, before = visitors.by_session(1, "a")
    assert before == current
    assert later != current
    store.now += SALT_SECONDS
    visitors.refresh()
    assert current not in visitors.by_session(1, "a")


def test_a_process_that_nobody_refreshes_finds_the_rotation_all_the_same(
    store: Store, visitors: Visitors
) -> None:
    current, _ = visitors.by_session(1, "a")
    store.now += int(STALE_SECONDS) - 1
    visitors.by_session(1, "a")
    assert store.asked == 1
    store.now += SALT_SECONDS
    assert visitors.by_session(1, "a")[1] == current


def test_while_the_database_is_away_the_known_salts_go_on(store: Store, visitors: Visitors) -> None:
    before = visitors.by_session(1, "a")
    store.away = True
    store.now += 3 * SALT_SECONDS
    visitors.refresh()
    assert visitors.by_session(1, "a") == before
    assert visitors.by_session(1, "a") == before
    assert store.asked == 2, "it is not asked for every hit"
    store.away = False
    visitors.refresh()
    assert visitors.by_session(1, "a") != before


def test_without_any_salt_there_is_no_hash(store: Store, visitors: Visitors) -> None:
    store.away = True
    with pytest.raises(ConnectionError):
        visitors.by_session(1, "a")
    store.away = False
    assert visitors.by_session(1, "a")


def test_the_keys_of_resends_are_16_bytes_and_their_kinds_do_not_meet() -> None:
    keys = {once_key("id", "a"), once_key("key", "a"), once_key("id", "b")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {16}
