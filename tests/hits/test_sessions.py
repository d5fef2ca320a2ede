"""Sessions and first visits: windows, rotations, restarts, and two hosts on one storage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hits import sessions as sessions_module
from hits.sessions import Outcome, Sessions, Visit
from storage.memory import MemoryStorage
from storage.protocols import Ledger
from storage.registry import storage

HOUR = 3600
NOON = 1_000_000 * HOUR


def key(who: int, epoch: int = 0) -> bytes:
    """The hash of a visitor under the salt of `epoch`."""
    return b"%08d%08d" % (who, epoch)


def visit(at: float, *, who: int = 1, epoch: int = 1, path: int = 1) -> Visit:
    """A pageview `at` hours after noon, when `epoch` was the current salt."""
    return Visit(key(who, epoch), key(who, epoch - 1), path, NOON + round(at * HOUR))


def assign(
    sessions: Sessions,
    ledger: Ledger,
    visits: Sequence[Visit],
    *,
    site: int = 1,
    now: int = NOON,
    fail: bool = False,
) -> list[Outcome]:
    """One transaction of a drain."""
    try:
        with ledger.begin() as tx:
            revisions = tx.lock([site])
            sessions.open(revisions)
            outcomes = sessions.assign(tx, revisions, {site: visits}, now=now)
            if fail:
                raise ConnectionError
    except ConnectionError:
        sessions.forget([site])
        return []
    sessions.settle(revisions)
    return outcomes[site]


@pytest.fixture
def ledger() -> MemoryStorage:
    return MemoryStorage()


def numbered(outcomes: Sequence[Outcome]) -> list[int]:
    """Sessions as 0, 1… in the order of their first appearance."""
    order = list(dict.fromkeys(session for session, _ in outcomes))
    return [order.index(session) for session, _ in outcomes]


WINDOWS = {
    "at the same time": ([0, 0], [0, 0]),
    "a little later": ([0, 1], [0, 0]),
    "just under 8 hours later": ([0, 8 - 1 / HOUR], [0, 0]),
    "8 hours later": ([0, 8], [0, 1]),
    "each a little under 8 hours later": ([0, 7, 14, 21], [0, 0, 0, 0]),
    "24 hours in all": ([0, 7, 14, 21, 24], [0, 0, 0, 0, 0]),
    "over 24 hours in all": ([0, 7, 14, 21, 24 + 1 / HOUR], [0, 0, 0, 0, 1]),
    "a day of visits and the next": ([0, 6, 12, 18, 24, 30, 36], [0, 0, 0, 0, 0, 1, 1]),
    "earlier, as a backfill may be": ([0, -7], [0, 0]),
    "8 hours earlier": ([0, -8], [0, 1]),
    "backwards over 24 hours": ([0, -7, -14, -21, -24, -25], [0, 0, 0, 0, 0, 1]),
    "in the gap between two sessions": ([0, 12, 6], [0, 1, 1]),
    "nearer to the earlier one": ([0, 12, 5], [0, 1, 0]),
    "in one that was going on, though the next is near": (
        [0, 7, 14, 21, 23, 25, 22],
        [0, 0, 0, 0, 0, 1, 0],
    ),
    "a year within a minute": ([24 * 10 * n for n in range(36)], list(range(36))),
}


@pytest.mark.parametrize("restarting", [False, True], ids=["one run", "restarted each time"])
@pytest.mark.parametrize(("hours", "expected"), WINDOWS.values(), ids=list(WINDOWS))
def test_windows_go_by_the_hits_own_time(
    hours: list[float], expected: list[int], restarting: bool, ledger: MemoryStorage
) -> None:
    sessions, outcomes = Sessions(), []
    for at in hours:
        sessions = Sessions() if restarting else sessions
        outcomes += assign(sessions, ledger, [visit(at)])
    assert numbered(outcomes) == expected


def test_each_path_is_visited_first_once_in_a_session(ledger: MemoryStorage) -> None:
    visits = [visit(0, path=1), visit(1, path=2), visit(2, path=1), visit(20, path=1)]
    assert [first for _, first in assign(Sessions(), ledger, visits)] == [True, True, False, True]


def test_visitors_and_sites_do_not_share_a_session(ledger: MemoryStorage) -> None:
    sessions = Sessions()
    outcomes = assign(sessions, ledger, [visit(0, who=1), visit(0, who=2)])
    outcomes += assign(sessions, ledger, [visit(0, who=1)], site=2)
    assert len({session for session, _ in outcomes}) == 3
    assert all(first for _, first in outcomes)


def test_without_a_visitor_every_view_is_a_first_visit_and_nothing_is_kept(
    ledger: MemoryStorage,
) -> None:
    nobody = Visit(b"", b"", 1, NOON)
    assert assign(Sessions(), ledger, [nobody, nobody]) == [(b"", True)] * 2
    with ledger.begin() as tx:
        tx.lock([1])
        assert tx.sessions(1, [b""]) == []


def test_a_session_outlives_the_rotation_of_the_salts(ledger: MemoryStorage) -> None:
    hours_and_epochs = [(0, 1), (7, 1), (7.5, 2), (15, 2), (15.5, 3), (23, 3)]
    for restarting in (False, True):
        sessions, outcomes = Sessions(), []
        for at, epoch in hours_and_epochs:
            sessions = Sessions() if restarting else sessions
            outcomes += assign(sessions, ledger, [visit(at, epoch=epoch, who=restarting)])
        assert numbered(outcomes) == [0] * 6
        assert [first for _, first in outcomes] == [True] + [False] * 5


def test_after_two_rotations_without_a_visit_nobody_is_known_any_more(
    ledger: MemoryStorage,
) -> None:
    outcomes = assign(Sessions(), ledger, [visit(0, epoch=1), visit(1, epoch=3)])
    assert numbered(outcomes) == [0, 1]


def test_what_arrives_is_noted_for_the_purge(ledger: MemoryStorage) -> None:
    assign(Sessions(), ledger, [visit(-10_000)], now=NOON + 5)
    with ledger.begin() as tx:
        tx.lock([1])
        [kept] = tx.sessions(1, [key(1, 1)])
    assert kept.touched_at == NOON + 5
    assert kept.started_at == kept.last_at == NOON - 10_000 * HOUR


def test_a_failed_transaction_leaves_no_memory(ledger: MemoryStorage) -> None:
    sessions = Sessions()
    [before] = assign(sessions, ledger, [visit(0)])
    assign(sessions, ledger, [visit(1, path=2), visit(0, who=2)], fail=True)
    again = assign(sessions, ledger, [visit(1, path=2), visit(0, who=2)])
    assert again[0] == (before[0], True)
    assert again[1][1]


def test_memory_is_not_trusted_after_another_host_was_at_the_site(ledger: MemoryStorage) -> None:
    here, there = Sessions(), Sessions()
    [first] = assign(here, ledger, [visit(0)])
    assert assign(there, ledger, [visit(1, path=2)]) == [(first[0], True)]
    assert assign(here, ledger, [visit(2, path=2)]) == [(first[0], False)]


def test_a_transaction_without_pageviews_does_not_make_an_old_memory_young(
    ledger: MemoryStorage,
) -> None:
    """A site may be locked for counters alone; what another host did before must not be overlooked."""
    here, there = Sessions(), Sessions()
    [first] = assign(here, ledger, [visit(0)])
    assign(there, ledger, [visit(1, path=2)])
    assert assign(here, ledger, []) == []
    with ledger.begin() as tx:
        revisions = tx.lock([1])
        here.open(revisions)
    here.settle(revisions)
    assert assign(here, ledger, [visit(2, path=2)]) == [(first[0], False)]


def test_the_ledger_is_asked_only_for_visitors_not_met_before(ledger: MemoryStorage) -> None:
    sessions = Sessions()
    assign(sessions, ledger, [visit(0)])
    with ledger.begin() as tx:
        revisions = tx.lock([1])
        sessions.open(revisions)
        tx.sessions_of = None  # type: ignore[method-assign, assignment]  # nobody may ask
        assert sessions.assign(tx, revisions, {1: [visit(1)]}, now=NOON)[1][0][1] is False


def test_memory_has_a_bound(ledger: MemoryStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "MAX_KNOWN", 50)
    sessions = Sessions()
    for n in range(60):
        assign(sessions, ledger, [visit(n, who=n % 20)], site=n % 3)
        known = sum(len(site.by_key) for site in sessions._sites.values())
        assert known <= 60
    [outcome] = assign(sessions, ledger, [visit(59, who=59 % 20)], site=59 % 3)
    assert not outcome[1]


def test_a_visitor_with_very_many_sessions_holds_nobody_up(ledger: MemoryStorage) -> None:
    """A backfill under one session name; each look-up that walks them all would take minutes."""
    visits = [visit(10 * (n * 7919 % 20_000)) for n in range(20_000)]
    outcomes = assign(Sessions(), ledger, visits)
    assert len({session for session, _ in outcomes}) == 20_000


@dataclass
class Known:
    """A session as the reference keeps it."""

    key: bytes
    start: int
    last: int
    number: int
    paths: set[int] = field(default_factory=set)


class Reference:
    """The rules written down without regard to time or memory."""

    def __init__(self) -> None:
        self.sessions: list[Known] = []

    def take(self, seen: Visit) -> tuple[int, bool]:
        session = (
            self._nearest(seen.visitor, seen.at)
            or self._nearest(seen.before, seen.at)
            or self._new(seen)
        )
        session.key = seen.visitor
        session.start, session.last = min(session.start, seen.at), max(session.last, seen.at)
        first = seen.path_id not in session.paths
        session.paths.add(seen.path_id)
        return session.number, first

    def _nearest(self, wanted: bytes, at: int) -> Known | None:
        fitting = [
            (max(s.start - at, at - s.last, 0), -s.last, -s.start, n)
            for n, s in enumerate(self.sessions)
            if s.key == wanted
            and s.start - 8 * HOUR < at < s.last + 8 * HOUR
            and max(s.last, at) - min(s.start, at) <= 24 * HOUR
        ]
        return self.sessions[min(fitting)[-1]] if fitting else None

    def _new(self, seen: Visit) -> Known:
        self.sessions.append(Known(seen.visitor, seen.at, seen.at, len(self.sessions)))
        return self.sessions[-1]


VISITS = st.builds(
    lambda hours, off, who, epoch, path: visit(hours + off / HOUR, who=who, epoch=epoch, path=path),
    st.integers(0, 60) | st.sampled_from([0, 8, 16, 24, 32]),
    st.sampled_from([0, 0, -1, 1]),
    st.integers(1, 2),
    st.integers(1, 3),
    st.integers(1, 2),
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["runs", "runs", "runs", "restarts", "fails first", "only locks"]),
        st.lists(VISITS, max_size=6),
    ),
    max_size=12,
)
Steps = list[tuple[int, str, list[Visit]]]


def check_against_reference(ledger: Ledger, site: int, steps: Steps) -> None:
    """Two hosts take the steps in turn, with mishaps; the outcome is that of one undisturbed run."""
    hosts, reference = [Sessions(), Sessions()], Reference()
    outcomes: list[Outcome] = []
    expected = []
    for host, mishap, visits in steps:
        if mishap == "restarts":
            hosts[host] = Sessions()
        if mishap == "fails first":
            assign(hosts[host], ledger, visits, site=site, fail=True)
        if mishap == "only locks":
            assign(hosts[host], ledger, [], site=site)
        outcomes += assign(hosts[host], ledger, visits, site=site)
        expected += [reference.take(seen) for seen in visits]
    numbers = list(dict.fromkeys(number for number, _ in expected))
    assert numbered(outcomes) == [numbers.index(number) for number, _ in expected]
    assert [first for _, first in outcomes] == [first for _, first in expected]


@settings(deadline=None, max_examples=150)
@given(STEPS)
def test_any_visits_in_any_order_on_two_hosts_are_as_the_rules_say(steps: Steps) -> None:
    check_against_reference(MemoryStorage(), 1, steps)


SITES = count(1)


@pytest.mark.django_db
@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example has its own site
)
@given(STEPS)
def test_the_same_on_the_real_storage(steps: Steps) -> None:
    check_against_reference(storage().ledger, next(SITES), steps)
