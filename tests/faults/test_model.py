"""Journal, drain, ledger and quarantine against plain counters, with every kind of end a machine can come to.

Wider than tests/hits/test_exactly_once.py, whose rules all hold here too: visitors and their first visits,
power loss, records that nobody can read, and a quarantine that is fed back.
"""

import os
import shutil
from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from goatapi.errors import Unavailable
from hits import records
from hits.backlog import Backlog
from hits.records import Frame, Hit
from tests.faults import LONG
from tests.hits.journals import HOST
from tests.hits.test_exactly_once import NOW, SITES, WRITERS, ExactlyOnce
from tests.hits.wires import paths

NUMBERS = st.sampled_from(list(SITES))
EXAMPLES, STEPS = (600, 50) if LONG else (25, 25)


class Host(ExactlyOnce):
    """Its rules and these. `perhaps` holds what was sent and not acknowledged: once, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.perhaps: dict[int, Counter[str]] = {number: Counter() for number in SITES}
        self.firsts: dict[int, set[tuple[int, str]]] = {number: set() for number in SITES}
        self.visits: dict[int, Counter[str]] = {number: Counter() for number in SITES}
        self.unreadable = 0

    @rule(writer=WRITERS, number=NUMBERS, visitor=st.integers(0, 2), page=st.integers(0, 3))
    def visit(self, writer: int, number: int, visitor: int, page: int) -> None:
        """By somebody who is known: a page counts once for each."""
        hit = Hit(f"/page{page}", visitor=b"visitor%09d" % visitor)
        if self._append(writer, Frame(number, NOW, [hit])):
            self.acknowledged[number][hit.path] += 1
            self.visits[number][hit.path] += 1
            self.firsts[number].add((visitor, hit.path))

    @rule(writer=WRITERS, number=NUMBERS, kept=st.floats(0, 1))
    def lose_power(self, writer: int, number: int, kept: float) -> None:
        """The last request was written and not answered; of its bytes the disk has kept some."""
        journal = self._writer(writer)
        hit = self._hit(None)
        try:
            journal.wait(journal.append(records.encode(Frame(3, NOW))))
            path = self.folder / f"{journal._prefix}.{journal._number:08d}.seg"
            size = path.stat().st_size if path.exists() else 0
            journal.append(records.encode(Frame(number, NOW, [hit])))
        except Unavailable:
            return self.kill_writer(writer)
        self.perhaps[number][hit.path] += 1
        path = self.folder / f"{journal._prefix}.{journal._number:08d}.seg"
        self.kill_writer(writer)
        grown = path.stat().st_size
        if size < grown:
            os.truncate(path, size + int((grown - size) * kept))
        return None

    @rule(writer=WRITERS)
    def append_what_nobody_can_read(self, writer: int) -> None:
        """As a newer version may have written it."""
        journal = self._writer(writer)
        try:
            journal.wait(journal.append(b"\xc1 of another version"))
        except Unavailable:
            return
        self.unreadable += 1

    @rule()
    def feed_back(self) -> None:
        """Somebody has looked at the quarantine, and has it read again."""
        positions = self.storage.ledger.positions("")
        quarantine = Backlog(self.folder, host=HOST).kept
        for kept in quarantine.files():
            if quarantine.is_settled(kept, positions) and kept.payloads():
                quarantine.feed_back(kept)

    @invariant()
    def nothing_is_counted_that_was_not_sent(self) -> None:
        """At any moment."""
        for number, owed in self.acknowledged.items():
            assert paths(self.storage, number, all_first=False) <= owed + self.perhaps[number]

    def teardown(self) -> None:
        """In the end all of it, and the rollups too."""
        try:
            for writer in list(self.writers):
                self.kill_writer(writer)
            while self._running().step():
                pass
            for number in SITES:
                self._judge(number)
            assert not list(self.folder.glob("*.seg"))
            assert self._kept() == self.unreadable
        finally:
            shutil.rmtree(self.folder)

    def _judge(self, number: int) -> None:
        found = paths(self.storage, number, all_first=False)
        assert (
            self.acknowledged[number] <= found <= self.acknowledged[number] + self.perhaps[number]
        )
        expected = found - self.visits[number]
        expected.update(page for _, page in self.firsts[number])
        for rollup in (
            "hit_counts",
            "ref_counts",
            "location_stats",
            "language_stats",
            "size_stats",
        ):
            counted: Counter[str] = Counter()
            for key, count in self.storage.vault.rollup(number, rollup).items():
                counted[str(key[1])] += count
            assert counted == expected, rollup

    def _kept(self) -> int:
        """Records in quarantine."""
        return sum(len(kept.payloads()) for kept in Backlog(self.folder, host=HOST).kept.files())


TestHost = Host.TestCase
TestHost.settings = settings(
    deadline=None,
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    suppress_health_check=list(HealthCheck) if LONG else [],
)
