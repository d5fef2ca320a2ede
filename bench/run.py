"""What a run of the benchmark is asked for, and what its sections share."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import time

from bench import load
from bench.ours import Ours
from bench.report import Report
from bench.sides import Peer, drained


@dataclass
class Run:
    """One run. Windows in seconds; `web` is the number of web processes of fresh servers."""

    databases: list[str]
    peer: Peer | None
    rounds: int
    window: float
    hits: int
    rows: list[int]
    web: int
    mark: str = field(default_factory=lambda: f"{int(time()):x}")
    report: Report = field(default_factory=Report)
    _loaded: dict[tuple[str, int], Ours] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @contextmanager
    def ours(self, journal: str = "write") -> Iterator[list[Ours]]:
        """A fresh server on each database."""
        with ExitStack() as stack:
            yield [stack.enter_context(Ours(name, journal, self.web)) for name in self.databases]

    def loaded(self, database: str, rows: int) -> tuple[Ours, float]:
        """A server that holds `rows` hits of a year, kept for all sections; and how long their sending
        by the API took until they were stored, 0 if that was before."""
        if (database, rows) in self._loaded:
            return self._loaded[database, rows], 0.0
        server = self._stack.enter_context(Ours(database))
        sender = load.Sender(server, load.bodies(rows, "year", year=True), 4)
        sender.start()
        sent = sender.wait()
        took = drained(server, sent.accepted) - sender.begun
        if server.counted() != rows:
            raise RuntimeError(f"{server.name}: {server.counted()} of {rows} hits are stored")
        self._loaded[database, rows] = server
        return server, took


def read(source: Mapping[str, str]) -> Run:
    """By environment variables: docs/performance.md lists them."""
    quick = bool(source.get("QUICK"))
    rows = source.get("ROWS") or ("20000" if quick else "1000000")
    peer = None
    if url := source.get("PEER", "").rstrip("/"):
        roots = tuple(int(pid) for pid in source.get("PEER_PIDS", "").split(",") if pid)
        peer = Peer(url, source.get("PEER_TOKEN", ""), source.get("PEER_HOST", ""), roots)
    return Run(
        databases=(source.get("DB") or "sqlite,postgresql").split(","),
        peer=peer,
        rounds=int(source.get("ROUNDS") or (1 if quick else 3)),
        window=float(source.get("WINDOW") or (2 if quick else 8)),
        hits=int(source.get("HITS") or (20_000 if quick else 200_000)),
        rows=[int(number) for number in rows.split(",")],
        web=int(source.get("WEB") or os.cpu_count() or 1),
    )
