"""Tenant A floods and exports, tenant B is to notice nothing."""

import threading
import time
from contextlib import suppress

from bench import procs, wrk
from bench.ours import Ours
from bench.report import at_most
from bench.run import Run
from bench.sides import PATIENCE, Side

FLOOD, QUIET = (250, 48), (50, 98)
"""Connections, and milliseconds between two requests of each: with answers after 2 ms, 5,000 and 500
requests a second."""


def measure(run: Run) -> None:
    """On the servers with the large table."""
    for database in run.databases:
        side, _ = run.loaded(database, run.rows[0])
        other = side.neighbour()
        for _ in range(run.rounds):
            _together(run, side, other)


def _together(run: Run, side: Ours, other: Side) -> None:
    before, stop = side.counted(), threading.Event()
    exports = threading.Thread(target=_export, args=(side, stop), daemon=True)
    exports.start()
    floods = [wrk.Flood(side, FLOOD[0], run.window, pause=FLOOD[1])]
    floods.append(wrk.Flood(other, QUIET[0], run.window, pause=QUIET[1]))
    a, b = (flood.wait() for flood in floods)
    ended = time.monotonic()
    procs.wait_until(lambda: side.counted() - before >= a.good + b.good, PATIENCE)
    add, name = run.report.add, side.name
    add("neighbours", "A", name, requests_per_s=a.good / a.seconds, p99_ms=a.p99)
    add("neighbours", "B", name, requests_per_s=b.good / b.seconds)
    add("neighbours", "B", name, at_most(25), p99_ms=b.p99)
    add("neighbours", "B", name, at_most(0), failed=b.refused + b.broken)
    add("neighbours", "both", name, at_most(2), lag_at_the_end_s=time.monotonic() - ended)
    stop.set()
    exports.join()


def _export(side: Ours, stop: threading.Event) -> None:
    """One export after the other."""
    while not stop.is_set():
        with suppress(OSError):
            side.export()
