"""What the database holds in the end, against what clients were told."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any

from storage.types import ROLLUPS
from tests.faults.services import Service
from tests.live.load import Client
from tests.live.server import wait_until


@dataclass
class Verdict:
    """Pageviews by what became of them, and whatever else is wrong, in sentences."""

    acknowledged: int = 0
    unanswered: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every promise is kept."""
        return not (self.lost or self.doubled or self.wrong)

    def claim(self, holds: bool, otherwise: str) -> None:
        """Note the sentence `otherwise` if it does not hold."""
        if not holds:
            self.wrong.append(otherwise)


class Books:
    """Reads the site's rows and rollups a round at a time: a round's pages are all new ones."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.table: list[str] = []
        """The paths of all rows so far, in the order of their ids."""
        self._hit_id = 0
        self._path_id = 0

    def judge(self, clients: list[Client]) -> Verdict:
        """Once the journal is drained and nobody writes."""
        pages, rows = self._pages(), self._rows()
        verdict = Verdict()
        ids = list(range(self._hit_id + 1, self._hit_id + len(rows) + 1))
        verdict.claim([row[0] for row in rows] == ids, "hit ids have a gap or a repeat")
        new = [pages[path_id] for _, path_id in rows]
        stored = Counter(new)
        _judge_markers(verdict, clients, stored)
        for rollup in ROLLUPS:
            counted = self._counted(rollup, pages)
            verdict.claim(counted == stored, f"{rollup} is not the rows: {_apart(counted, stored)}")
        self.table += new
        self._hit_id += len(rows)
        self._path_id = self._number("last_path_id")
        verdict.claim(self._number("last_hit_id") == self._hit_id, "the ledger counts other rows")
        return verdict

    def judge_files(self, verdict: Verdict) -> None:
        """Every export has ended, and its file is all there is in the folder; nothing is in quarantine."""
        wait_until(lambda: not self._exports("queued", "running"), self._service.server.said)
        kept = {f"{site}/{id}/{name}" for site, id, name in self._exports("done")}
        folder = self._service.exports
        found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        verdict.claim(
            found == kept, f"files without an export, or none: {sorted(found ^ kept)[:3]}"
        )
        verdict.claim(not self._exports("failed"), "an export has failed")
        quarantine = self._service.journal / "quarantine"
        verdict.claim(not quarantine.exists(), "a kill is no damage, yet there is a quarantine")

    def _exports(self, *states: str) -> list[tuple[int, int, str]]:
        """Site, id and file name of those in one of `states`."""
        rows = self._service.query("SELECT site_id, id, stored_as, state FROM exports_export")
        return [row[:3] for row in rows if row[3] in states]

    def _pages(self) -> dict[int, str]:
        """The pages that are new since the last round, by their ids."""
        return dict(self._of_site("path_id, path", "paths", "path_id > %(after)s", self._path_id))

    def _rows(self) -> list[tuple[int, int]]:
        found = self._of_site("hit_id, path_id", "hits", "hit_id > %(after)s", self._hit_id)
        return sorted(found)

    def _counted(self, rollup: str, pages: dict[int, str]) -> "Counter[str]":
        found: Counter[str] = Counter()
        rows = self._of_site("path_id, count", rollup, "path_id > %(after)s", self._path_id)
        for path_id, count in rows:
            found[pages[path_id]] += count
        return found

    def _of_site(self, columns: str, table: str, condition: str, after: int) -> list[Any]:
        """Plain rows: SQLite takes minutes over a join of these tables."""
        sql = f"SELECT {columns} FROM {table} WHERE site_id = %(site)s AND {condition}"  # noqa: S608  # words of this file
        return self._service.query(sql, site=self._service.site_id, after=after)

    def _number(self, column: str) -> int:
        sql = f"SELECT {column} FROM site_ledger WHERE site_id = %(site)s"  # noqa: S608  # as above
        return int(self._service.query(sql, site=self._service.site_id)[0][0])


@cache
def books_of(service: Service) -> Books:
    """The one reader of a service's books, which goes on from test to test."""
    return Books(service)


def _judge_markers(verdict: Verdict, clients: list[Client], stored: "Counter[str]") -> None:
    """Acknowledged: once. Unanswered: wholly and once, or not at all. Refused: not at all."""
    acknowledged = set(chain.from_iterable(client.acknowledged for client in clients))
    unanswered = list(chain.from_iterable(client.unanswered for client in clients))
    refused = set(chain.from_iterable(client.refused for client in clients))
    verdict.acknowledged = len(acknowledged)
    verdict.unanswered = sum(map(len, unanswered))
    verdict.lost = len(acknowledged - stored.keys())
    verdict.doubled = sum(count > 1 for count in stored.values())
    halves = [batch for batch in unanswered if len({bool(stored[path]) for path in batch}) > 1]
    verdict.claim(not halves, f"half of a batch is stored: {halves[:1]}")
    known = acknowledged.union(*unanswered)
    verdict.claim(not refused & stored.keys(), "what was refused is stored")
    names = {client.name for client in clients}
    ours = {path for path in stored if path.split("/")[1] in names}
    verdict.claim(ours <= known | refused, "what nobody has sent is stored")


def _apart(counted: "Counter[str]", stored: "Counter[str]") -> str:
    more, less = counted - stored, stored - counted
    return f"{more.total()} too many, {less.total()} too few, such as {[*more, *less][:3]}"
