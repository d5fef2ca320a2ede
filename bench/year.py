"""Hits over a year, sent by the API: how long until they are stored, and how much room they take."""

import time

from bench import load
from bench.report import at_least, at_most
from bench.run import Run
from bench.sides import Peer, drained

CONNECTIONS = 4


def measure(run: Run) -> None:
    """Once for each side: it is the longest section, and the loaded servers serve the others."""
    rows = run.rows[0]
    case = f"{rows:,} hits"
    if run.peer:
        _peer(run, run.peer, rows, case)
    for database in run.databases:
        side, seconds = run.loaded(database, rows)
        if not seconds:
            continue
        add, sizes = run.report.add, side.sizes()
        add("year", case, side.name, at_least(4, "peer"), hits_per_s=rows / seconds)
        add(
            "year",
            case,
            side.name,
            at_most(0.5, "peer"),
            file_bytes_per_hit=side.file_size() / rows,
        )
        limit = at_most(100 if database == "sqlite" else 150)
        add("year", case, side.name, limit, hit_bytes_per_hit=sizes["hits"] / rows)
        add("year", case, side.name, rollup_bytes_per_hit=sizes["rollups"] / rows)
        add("year", case, side.name, short_lived_bytes_per_hit=sizes["short_lived"] / rows)


def _peer(run: Run, peer: Peer, rows: int, case: str) -> None:
    peer.since = load.YEAR_BEGINS
    before, size = peer.counted(), peer.file_size()
    begun = time.monotonic()
    sender = load.Sender(peer, load.bodies(rows, f"{run.mark}-year", year=True), CONNECTIONS)
    sender.start()
    sent = sender.wait()
    seconds = drained(peer, before + len(sent.visits)) - begun
    run.report.add("year", case, "peer", hits_per_s=sent.accepted / seconds)
    run.report.add("year", case, "peer", failed_requests_percent=100 * sent.failed / sent.requests)
    if grown := peer.file_size() - size:
        run.report.add("year", case, "peer", file_bytes_per_hit=grown / max(1, sent.accepted))
