"""Processes as the kernel sees them: CPU, memory, who belongs to whom."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

TICK = os.sysconf("SC_CLK_TCK")


def read(pid: int, name: str) -> str:
    """A file below /proc/PID; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""


def fields(pid: int) -> list[str]:
    """/proc/PID/stat from the state on; empty when the process is gone."""
    return read(pid, "stat").rpartition(")")[2].split()


def family(*roots: int) -> set[int]:
    """These processes and all that descend from them."""
    parents = {
        int(entry.name): int(at[1])
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (at := fields(int(entry.name)))
    }
    found = set(roots) & parents.keys()
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def cpu(pids: Iterable[int]) -> float:
    """Seconds that these have used, with those of the children they have waited for."""
    used = (fields(pid)[11:15] for pid in pids)
    return sum(int(ticks) for four in used for ticks in four) / TICK


def pss(pids: Iterable[int]) -> int:
    """Bytes of memory; what processes share is counted once."""
    lines = "".join(read(pid, "smaps_rollup") for pid in pids).splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def listener(port: int) -> int:
    """The process that listens on `port` of this machine; 0 when there is none to be seen."""
    rows = [line.split() for at in ("tcp", "tcp6") for line in _lines(Path("/proc/net") / at)]
    sockets = {
        f"socket:[{row[9]}]"
        for row in rows
        if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port
    }
    return next((pid for pid in _pids() if sockets & set(open_files(pid))), 0)


def open_files(pid: int) -> list[str]:
    """What the process's descriptors point to."""
    found = []
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            found.append(os.readlink(entry))
    except OSError:  # gone meanwhile
        pass
    return found


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()[1:] if path.exists() else []


def _pids() -> list[int]:
    return sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


class Peak:
    """`with Peak(side.pss) as peak: …; peak.value` is the highest of what was seen meanwhile."""

    def __init__(self, question: Callable[[], int], seconds: float = 0.25) -> None:
        self.value = 0
        self._question, self._seconds = question, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.value = max(self.value, self._question())
            if self._stop.wait(self._seconds):
                return


def wait_until(question: Callable[[], bool], seconds: float, step: float = 0.02) -> float:
    """Until it comes true; gives the seconds that this took. Errors: `TimeoutError`."""
    begun = time.monotonic()
    while not question():
        if time.monotonic() - begun > seconds:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(step)
    return time.monotonic() - begun
