"""A host of its own for tests of the drain: a journal folder, sites, a storage."""

from collections import Counter
from itertools import count
from pathlib import Path

from hits import records
from hits.backlog import Backlog
from hits.drain import Drain
from hits.records import Frame, Hit
from hits.segments import pack
from sites.tenancy import SiteRef
from storage.protocols import Storage
from tests.hits.journals import HOST
from tests.hits.wires import Wire, paths, site, wired_drain

NOW = 1_700_000_000
NUMBERS = count(1000)
POISON = Hit("/poison", created_at=2**63)
"""No database has a place for this time; the record itself is sound."""


def record(number: int, *hits: str | Hit) -> bytes:
    """A record with hits, given whole or by path, of site `number`."""
    sent = [Hit(hit) if isinstance(hit, str) else hit for hit in hits]
    return pack(records.encode(Frame(number, NOW, sent)))


class World:
    """A host with a journal folder, sites of its own, and a storage."""

    def __init__(self, folder: Path, kept: Storage, host: str = HOST) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.storage, self.host = folder, kept, host
        self.a, self.b = next(NUMBERS), next(NUMBERS)
        self.sites: dict[int, SiteRef] = {n: site(n) for n in (self.a, self.b)}

    def segment(self, *items: bytes, name: str = "w.00000001") -> None:
        """A dead writer's segment."""
        (self.folder / f"{self.host}.{name}.seg").write_bytes(b"".join(items))

    def start(self, wire: Wire | None = None) -> Drain:
        return wired_drain(
            self.storage, self.folder, self.sites, host=self.host, wire=wire or Wire()
        )

    def finish(self, drain: Drain | None = None) -> None:
        """Drain until nothing moves."""
        drain = drain or self.start()
        while drain.step():
            pass

    def rows(self) -> tuple[Counter[str], Counter[str]]:
        return paths(self.storage, self.a), paths(self.storage, self.b)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.seg"))

    def quarantined(self) -> list[bytes]:
        """Payloads of sound records, and the bytes of damage."""
        kept = Backlog(self.folder, host=self.host).kept.files()
        return [some for each in kept for some in each.payloads() or [each.content]]

    def refused(self) -> list[Hit]:
        """The hits in quarantine."""
        return [hit for kept in self.quarantined() for hit in records.decode(kept).hits]
