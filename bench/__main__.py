"""`python -m bench`, or `make bench`: runs the sections asked for, prints the table, or JSON with `--json`.

Asked for by environment variables; docs/performance.md lists them.
"""

import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from bench import batch, count, export, idle, lag, neighbours, year
from bench.run import Run, read

SECTIONS: dict[str, Callable[[Run], None]] = {
    "count": count.measure,
    "batch": batch.measure,
    "lag": lag.measure,
    "year": year.measure,
    "export": export.measure,
    "neighbours": neighbours.measure,
    "idle": idle.measure,
}


def main() -> int:
    """The exit code: 1 when a section broke, 2 for one that there is not."""
    wanted = [name for name in os.environ.get("ONLY", "").split(",") if name] or list(SECTIONS)
    if unknown := set(wanted) - SECTIONS.keys():
        print(f"no such section: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    failed = False
    with read(os.environ) as run:
        for name in wanted:
            begun = time.monotonic()
            try:
                SECTIONS[name](run)
            except Exception:  # noqa: BLE001  # hours of other sections must not be lost
                traceback.print_exc()
                failed = True
            print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
        about = machine(run)
        print(run.report.as_json(about) if "--json" in sys.argv else run.report.as_table(about))
    return int(failed)


def machine(run: Run) -> dict[str, str]:
    """What the figures hold for."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "machine": f"{len(models)} × {models[0] if models else '?'}, {memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "run": f"{run.rounds} rounds, windows of {run.window:g} s, batches of {run.hits:,} hits in all",
        "web processes": f"{run.web} in count, batch and lag; 1, the default, in the others",
    }


if __name__ == "__main__":
    sys.exit(main())
