"""A server with a large table that has nothing to do: its start, its memory, its CPU."""

import time

from bench import procs
from bench.report import at_most
from bench.run import Run


def measure(run: Run) -> None:
    """Stop and start the loaded servers, then leave them alone."""
    for database in run.databases:
        side, _ = run.loaded(database, run.rows[0])
        for _ in range(run.rounds):
            side.stop()
            add, case = run.report.add, f"{run.rows[0]:,} hits"
            add("idle", case, side.name, at_most(3), start_up_s=side.start())
            time.sleep(2 + run.window / 2)  # until all children are up
            used, begun = procs.cpu(side.tree()), time.monotonic()
            time.sleep(run.window)
            used, seconds = procs.cpu(side.tree()) - used, time.monotonic() - begun
            add("idle", case, side.name, at_most(200), pss_mib=side.pss() / 2**20)
            add("idle", case, side.name, cpu_percent=100 * used / seconds)
    if run.peer and run.peer.web():
        run.report.add("idle", f"{run.rows[0]:,} hits", "peer", pss_mib=run.peer.pss() / 2**20)
