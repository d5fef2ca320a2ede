"""Journal, drain and ledger together against a plain dict, through kills, torn tails and restarts.

The promise: an acknowledged hit is counted exactly once, resends under one key as one.
"""

import itertools
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from goatapi.errors import Unavailable
from hits import records
from hits.drain import Drain
from hits.journal import Journal
from hits.records import Frame, Hit
from hits.segments import pack
from storage.memory import MemoryStorage
from tests.hits.journals import HOST, kill
from tests.hits.wires import Crash, Wire, paths, site, wired_drain

NOW = 1_700_000_000
SITES = {n: site(n) for n in (1, 2)}
WRITERS = st.integers(0, 1)


class ExactlyOnce(RuleBasedStateMachine):
    """Two writing processes and a draining one on one host; each may be killed at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="goatapi-once-"))
        self.storage = MemoryStorage()
        self.writers: dict[int, Journal] = {}
        self.drain: Drain | None = None
        self.acknowledged: dict[int, Counter[str]] = {number: Counter() for number in SITES}
        self.keys: set[tuple[int, bytes]] = set()
        self.sent = 0

    @initialize(mode=st.sampled_from(["write", "fsync"]))
    def choose(self, mode: str) -> None:
        self.mode = mode

    @rule(
        writer=WRITERS,
        number=st.sampled_from(list(SITES)),
        keys=st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=4),
    )
    def append(self, writer: int, number: int, keys: list[int | None]) -> None:
        """A request is answered: its hits are owed from now on."""
        hits = [self._hit(key) for key in keys]
        if not self._append(writer, Frame(number, NOW, hits)):
            return
        for hit in hits:
            if not hit.once or (number, hit.once) not in self.keys:
                self.acknowledged[number][hit.path] += 1
            if hit.once:
                self.keys.add((number, hit.once))

    @rule(writer=WRITERS, part=st.floats(0.01, 0.99))
    def kill_while_writing(self, writer: int, part: float) -> None:
        """The end of the record was never written, and nobody was told that it was taken."""
        record = pack(records.encode(Frame(1, NOW, [Hit("/never acknowledged")])))
        if self._append(writer, Frame(3, NOW)):  # so that there is a segment
            os.write(self.writers[writer]._fd, record[: max(1, int(len(record) * part))])
        self.kill_writer(writer)

    @rule(writer=WRITERS)
    def kill_writer(self, writer: int) -> None:
        if journal := self.writers.pop(writer, None):
            kill(journal)

    @rule(writer=WRITERS)
    def stop_writer(self, writer: int) -> None:
        if journal := self.writers.pop(writer, None):
            journal.close()

    @rule(writer=WRITERS)
    def damage_between_records(self, writer: int) -> None:
        if self._append(writer, Frame(3, NOW)):
            os.write(self.writers[writer]._fd, b"garbage")

    @rule()
    def step(self) -> None:
        self._running().step()

    @rule(cut=st.integers(1, 12))
    def kill_drain(self, cut: int) -> None:
        """It dies at some seam, soon."""
        drain = self._start(Wire(cut))
        self.drain = None
        try:
            drain.step()
            drain.step()
        except Crash:
            pass

    @precondition(lambda self: self.sent > 0)
    @invariant()
    def nothing_is_counted_that_was_not_sent(self) -> None:
        for number, owed in self.acknowledged.items():
            assert paths(self.storage, number) <= owed

    def teardown(self) -> None:
        for writer in list(self.writers):
            self.kill_writer(writer)
        while self._running().step():
            pass
        try:
            for number, owed in self.acknowledged.items():
                assert paths(self.storage, number) == owed
            assert not list(self.folder.glob("*.seg"))
        finally:
            shutil.rmtree(self.folder)

    def _writer(self, writer: int) -> Journal:
        if writer not in self.writers:
            clock = itertools.count(0.0, 1.0).__next__  # the folder is measured each time
            self.writers[writer] = Journal(
                self.folder, host=HOST, mode=self.mode, max_bytes=4096, clock=clock
            )
        return self.writers[writer]

    def _append(self, writer: int, frame: Frame) -> bool:
        """Whether it was acknowledged; a full journal refuses, and is drained then."""
        journal = self._writer(writer)
        try:
            journal.wait(journal.append(records.encode(frame)))
        except Unavailable:
            while self._running().step():
                pass
            return False
        return True

    def _hit(self, key: int | None) -> Hit:
        self.sent += 1
        if key is None:
            return Hit(f"/{self.sent}")
        return Hit(f"/key{key}", once=b"%016d" % key)

    def _running(self) -> Drain:
        self.drain = self.drain or self._start(Wire())
        return self.drain

    def _start(self, wire: Wire) -> Drain:
        return wired_drain(self.storage, self.folder, SITES, host=HOST, wire=wire)


TestExactlyOnce = ExactlyOnce.TestCase
TestExactlyOnce.settings = settings(deadline=None, max_examples=100, stateful_step_count=25)
