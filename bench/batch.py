"""`POST /api/v0/count`, 500 hits a request, at 1 and 8 connections: accepted, and persisted with all rollups."""

from bench import load, procs
from bench.ours import Ours
from bench.report import at_least, at_most
from bench.run import Run
from bench.sides import Peer, drained

CONNECTIONS = (1, 8)


def measure(run: Run) -> None:
    """All sides in turn."""
    with run.ours() as ours:
        for number in range(run.rounds):
            for connections in CONNECTIONS:
                for side in (*ours, *([run.peer] if run.peer else [])):
                    _send(run, side, connections, f"{run.mark}-{number}-{connections}")


def _send(run: Run, side: Ours | Peer, connections: int, mark: str) -> None:
    some = list(load.bodies(run.hits, mark))
    before = side.counted()
    web, tree = procs.cpu(side.web()), procs.cpu(side.tree())
    with procs.Peak(side.pss) as peak:
        sender = load.Sender(side, iter(some), connections)
        sender.start()
        sent = sender.wait()
        web = procs.cpu(side.web()) - web
        mine = isinstance(side, Ours)
        expected = before + (sent.accepted if mine else len(sent.visits))
        persisted = drained(side, expected) - sender.begun
    tree = procs.cpu(side.tree()) - tree
    add, case, hits = run.report.add, f"{connections} connections", max(1, sent.accepted)
    add(
        "batch",
        case,
        side.name,
        at_least(6, "peer") if mine else None,
        accepted_hits_per_s=hits / sent.seconds,
    )
    add(
        "batch",
        case,
        side.name,
        at_least(3, "peer") if mine else None,
        persisted_hits_per_s=hits / persisted,
    )
    none = at_most(0) if mine else None
    add("batch", case, side.name, none, failed_requests_percent=100 * sent.failed / sent.requests)
    add("batch", case, side.name, none, lost=max(0, expected - side.counted()))
    add("batch", case, side.name, web_cpu_us_per_hit=web / hits * 1e6)
    add("batch", case, side.name, tree_cpu_us_per_hit=tree / hits * 1e6)
    add("batch", case, side.name, peak_pss_mib=peak.value / 2**20)
    if isinstance(side, Ours):
        add("batch", case, side.name, at_least(8), rollups_filled=side.rolled_up())
