"""How long an acknowledged hit waits for its row: under steady load, and after a burst."""

import itertools
import statistics
import time
from bisect import bisect_right
from operator import itemgetter

from bench import load, procs
from bench.ours import Ours
from bench.report import at_most
from bench.run import Run
from bench.sides import PATIENCE

ALLOWED = 2.0
BURST_CONNECTIONS = 8
STEADY_SHARE = 0.8


def measure(run: Run) -> None:
    """One server after the other: a burst as fast as it is accepted, then 80 % of what was drained then."""
    with run.ours() as ours:
        for side in ours:
            for number in range(run.rounds):
                drain_rate = _burst(run, side, f"burst-{number}")
                _steady(run, side, f"steady-{number}", STEADY_SHARE * drain_rate)


def _burst(run: Run, side: Ours, mark: str) -> float:
    """Gives the hits per second that were drained, from the first one sent to the last one stored."""
    seconds, before = max(2.0, run.window * 1.25), side.counted()
    prepared = itertools.cycle(list(load.bodies(50_000, mark)))
    sender = load.Sender(side, prepared, BURST_CONNECTIONS)
    sender.start()
    sent = sender.wait(seconds)
    drained = side.counted() - before
    ended = time.monotonic()
    procs.wait_until(lambda: lag(sent, side.counted() - before) <= ALLOWED, PATIENCE)
    recovered = time.monotonic() - ended
    procs.wait_until(lambda: side.counted() - before >= sent.accepted, PATIENCE)
    took = time.monotonic() - sender.begun
    add, rate = run.report.add, sent.accepted / took
    add(
        "lag",
        f"burst of {seconds:g} s",
        side.name,
        accepted_hits_per_s=sent.accepted / sent.seconds,
    )
    add(
        "lag",
        f"burst of {seconds:g} s",
        side.name,
        drained_meanwhile_hits_per_s=drained / sent.seconds,
    )
    add("lag", f"burst of {seconds:g} s", side.name, drained_in_all_hits_per_s=rate)
    add("lag", f"burst of {seconds:g} s", side.name, seconds_until_lag_is_2_s=recovered)
    return rate


def _steady(run: Run, side: Ours, mark: str, rate: float) -> None:
    """At `rate` hits a second: the lag, seen ten times a second."""
    before, seen = side.counted(), []
    prepared = itertools.cycle(list(load.bodies(50_000, mark)))
    sender = load.Sender(side, prepared, 4, rate=rate)
    sender.start()
    until = time.monotonic() + 2 * run.window
    while time.monotonic() < until:
        time.sleep(0.1)
        seen.append(lag(sender.sent, side.counted() - before))
    sent = sender.wait(0)
    procs.wait_until(lambda: side.counted() - before >= sent.accepted, PATIENCE)
    add, case = run.report.add, "steady, 80 % of the drain rate"
    add("lag", case, side.name, sent_hits_per_s=sent.accepted / sent.seconds)
    add("lag", case, side.name, at_most(ALLOWED), worst_lag_s=max(seen))
    add("lag", case, side.name, median_lag_s=statistics.median(seen))


def lag(sent: load.Sent, stored: int) -> float:
    """Seconds since the oldest acknowledged hit without a row was acknowledged; 0 if there is none."""
    log = sent.log[:]
    first = bisect_right(log, stored, key=itemgetter(1))
    return time.monotonic() - log[first][0] if first < len(log) else 0.0
