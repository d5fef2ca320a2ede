"""`GET /count` at 16 and 64 connections in both modes of the journal, beside the peer, the same web server
with a constant for an answer, and nginx, which none can beat."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import procs, wrk
from bench.ours import ROOT, Ours, answers
from bench.report import Target, at_least, at_most
from bench.run import Run
from bench.sides import SECONDS, Peer, Side, drained
from tests.ports import free_port

CONNECTIONS = (16, 64)


def measure(run: Run) -> None:
    """One mode after the other; within one, all sides in turn."""
    for mode in ("write", "fsync"):
        with ExitStack() as stack:
            ours = stack.enter_context(run.ours(mode))
            others: list[Side] = [stack.enter_context(constant(run.web))] if mode == "write" else []
            if mode == "write" and shutil.which("nginx"):
                others.append(stack.enter_context(nginx(run.web)))
            peer = [run.peer] if run.peer else []
            for _ in range(run.rounds):
                for connections in CONNECTIONS:
                    for side in (*ours, *peer, *others):
                        _flood(run, side, mode, connections)


def _flood(run: Run, side: Side, mode: str, connections: int) -> None:
    case = f"{mode}, {connections} connections"
    stores = isinstance(side, Ours | Peer)
    before = side.counted() if stores else 0
    web, tree = procs.cpu(side.web()), procs.cpu(side.tree())
    with procs.Peak(side.pss) as peak:
        answered = wrk.flood(side, connections, run.window)
        web = procs.cpu(side.web()) - web
        if stores:
            drained(side, before + answered.good)
    tree = procs.cpu(side.tree()) - tree
    add, hits = run.report.add, max(1, answered.good)
    add(
        "count",
        case,
        side.name,
        _rate(side, mode, connections),
        requests_per_s=hits / answered.seconds,
    )
    cheap = at_most(2.5, "constant") if isinstance(side, Ours) and mode == "write" else None
    add("count", case, side.name, cheap, web_cpu_us_per_request=web / hits * 1e6)
    add("count", case, side.name, p50_ms=answered.p50, p99_ms=answered.p99)
    if stores:
        none = at_most(0) if isinstance(side, Ours) else None
        add("count", case, side.name, none, lost=max(0, before + answered.good - side.counted()))
        add("count", case, side.name, none, failed=answered.refused + answered.broken)
        add("count", case, side.name, tree_cpu_us_per_request=tree / hits * 1e6)
        add("count", case, side.name, peak_pss_mib=peak.value / 2**20)


def _rate(side: Side, mode: str, connections: int) -> Target | None:
    if not isinstance(side, Ours) or (mode == "fsync" and connections < 64):
        return None
    return at_least(3 if mode == "write" else 1, "peer")


class Reference(Side):
    """A server that stores nothing, run by `command`."""

    def __init__(self, name: str, port: int, command: list[str]) -> None:
        super().__init__(name, f"http://127.0.0.1:{port}")
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        procs.wait_until(lambda: answers(port), SECONDS)

    def web(self) -> set[int]:
        """See the base."""
        return procs.family(self.process.pid)

    def tree(self) -> set[int]:
        """See the base."""
        return self.web()


@contextmanager
def _running(name: str, port: int, command: list[str]) -> Iterator[Side]:
    side = Reference(name, port, command)
    try:
        yield side
    finally:
        side.process.terminate()
        side.process.wait(SECONDS)


@contextmanager
def constant(workers: int) -> Iterator[Side]:
    """The web server of ours, with its options, and bench/constant.py."""
    port = free_port()
    options = "--interface rsgi --http 1 --loop uvloop --no-ws --runtime-blocking-threads 4"
    options += f" --workers {workers} --backlog 1024 --backpressure 8192 --log-level warning"
    command = [sys.executable, "-m", "granian", *options.split(), "--port", str(port)]
    with _running("constant", port, [*command, "bench.constant:app"]) as side:
        yield side


@contextmanager
def nginx(workers: int) -> Iterator[Side]:
    """Its `empty_gif`."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="goatapi-bench-nginx-") as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(
            f"worker_processes {workers}; daemon off; pid {folder}/pid; error_log stderr crit;"
            " events { worker_connections 1024; }"
            f" http {{ access_log off; keepalive_requests 100000000; server {{ listen 127.0.0.1:{port};"
            " location / { empty_gif; } } }"
        )
        with _running("nginx", port, ["nginx", "-p", folder, "-c", str(config)]) as side:
            yield side
