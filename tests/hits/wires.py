"""The drain's real parts with a wire through every seam between two of its steps, that can be cut anywhere."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hits.backlog import Backlog, Segment
from hits.drain import Drain
from hits.intake import Intake
from hits.segments import Damage
from sites.tenancy import SiteRef
from storage.protocols import Ledger, Storage, Transaction


class Crash(BaseException):
    """The process is gone: nothing may catch it."""


class Wire:
    """Counts the seams crossed; at number `cut_at` it raises `error`."""

    def __init__(self, cut_at: int = 0, error: BaseException | None = None) -> None:
        self._cut_at, self._error = cut_at, error or Crash()
        self.crossed: list[str] = []

    @property
    def was_cut(self) -> bool:
        return 0 < self._cut_at <= len(self.crossed)

    def cross(self, seam: str) -> None:
        self.crossed.append(seam)
        if len(self.crossed) == self._cut_at:
            raise self._error


class WiredBacklog(Backlog):
    """The real backlog."""

    def __init__(self, folder: Path, *, host: str, wire: Wire, ledger: Ledger) -> None:
        super().__init__(folder, host=host)
        self._wire, self._ledger = wire, ledger

    def segments(self) -> list[Segment]:
        self._wire.cross("segments")
        return super().segments()

    def quarantine(self, segment: Segment, damage: Damage) -> Path:
        self._wire.cross("before quarantine")
        kept = super().quarantine(segment, damage)
        self._wire.cross("after quarantine")
        return kept

    def quarantine_frame(
        self, segment: Segment, end: int, payload: bytes, *, why: str = "refused"
    ) -> Path:
        self._wire.cross("before quarantine of a frame")
        kept = super().quarantine_frame(segment, end, payload, why=why)
        self._wire.cross("after quarantine of a frame")
        return kept

    def remove(self, segment: Segment) -> None:
        size = segment.path.stat().st_size
        position = self._ledger.positions(segment.name).get(segment.name, 0)
        assert position >= size, "a segment is removed only when all of it is committed"
        self._wire.cross("before remove")
        super().remove(segment)
        self._wire.cross("after remove")


class WiredLedger:
    """A real ledger, as far as the drain knows it."""

    def __init__(self, ledger: Ledger, wire: Wire, folder: Path) -> None:
        self._ledger, self._wire, self._folder = ledger, wire, folder

    @contextmanager
    def begin(self, *, rehearsal: bool = False) -> Iterator[Transaction]:
        self._wire.cross("begin")
        with self._ledger.begin(rehearsal=rehearsal) as tx:
            yield tx
            self._wire.cross("before commit")
        self._wire.cross("after rehearsal" if rehearsal else "after commit")

    def positions(self, prefix: str) -> dict[str, int]:
        self._wire.cross("positions")
        return self._ledger.positions(prefix)

    def forget_segment(self, segment: str) -> None:
        assert not (self._folder / segment).exists(), "forgotten before it is removed"
        self._wire.cross("before forget")
        self._ledger.forget_segment(segment)
        self._wire.cross("after forget")


def wired_drain(
    storage: Storage, folder: Path, sites: dict[int, SiteRef], *, host: str, wire: Wire
) -> Drain:
    """A new process's drain."""
    backlog = WiredBacklog(folder, host=host, wire=wire, ledger=storage.ledger)
    ledger = WiredLedger(storage.ledger, wire, folder)
    intake = Intake(ledger, sites.get, host=host)  # type: ignore[arg-type]  # the drain's part of it
    return Drain(backlog, intake)


def site(number: int) -> SiteRef:
    """An active site."""
    return SiteRef(id=number, account_id=number, code=f"s{number}")


def paths(storage: Storage, number: int, *, all_first: bool = True) -> Counter[str]:
    """Path → rows of a site. The counter must agree with them, and the rollup if all are first visits."""
    upto = storage.vault.visible_upto(number)
    found = Counter(
        hit.path for hits in storage.vault.scan(number, after=0, upto=upto) for hit in hits
    )
    in_rollup = sum(storage.vault.rollup(number, "hit_counts").values())
    assert in_rollup == found.total() or not all_first
    counted = sum(n for (_, what), n in storage.ledger.tallies(number).items() if what == "counted")
    assert counted == found.total()
    return found
