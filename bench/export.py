"""Exports of a whole site: time and the worker's memory, beside `gzip -6` of the same text in the same run."""

import gzip
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench import procs
from bench.ours import Ours
from bench.report import at_least, at_most
from bench.run import Run
from bench.sides import Declined

FORMATS = {"csv": 1.0, "ndjson": 1.5, "parquet": 0.0}
"""With how many times the seconds of gzip each may take; 0: no limit."""
MEMORY_MIB = 100


def measure(run: Run) -> None:
    """Each size on each database, one format after the other; the peer last, once: it takes minutes.

    Parquet last: once its library is loaded, the worker keeps it, and no other format needs it.
    """
    for rows in run.rows:
        for database in run.databases:
            side, _ = run.loaded(database, rows)
            for format_ in FORMATS:
                for _ in range(run.rounds):
                    _export(run, side, rows, format_)
    if run.peer:
        begun = time.monotonic()
        export = run.peer.export()
        rate = int(export["num_rows"]) / (time.monotonic() - begun)
        for rows in run.rows:
            run.report.add("export", f"csv, {rows:,} rows", "peer", rows_per_s=rate)


def _export(run: Run, side: Ours, rows: int, format_: str) -> None:
    worker = side.worker()
    with procs.Peak(lambda: procs.pss(worker), 0.1) as peak:
        begun = time.monotonic()
        try:
            export = side.export(format=format_)
        except Declined:  # a format that this version does not know
            return
        seconds = time.monotonic() - begun
    stored = int(export["num_rows"])
    add, case = run.report.add, f"{format_}, {rows:,} rows"
    add(
        "export",
        case,
        side.name,
        at_least(1, "peer") if format_ == "csv" else None,
        rows_per_s=stored / seconds,
    )
    limit = at_most(FORMATS[format_], "gzip -6") if FORMATS[format_] else None
    add("export", case, side.name, limit, seconds=seconds)
    add("export", case, side.name, at_most(MEMORY_MIB), worker_peak_pss_mib=peak.value / 2**20)
    add("export", case, side.name, file_mb=float(export["size"]))
    if format_ == "csv":
        text_seconds = _gzip(side, export["id"])
        for name in ("csv", "ndjson"):
            add("export", f"{name}, {rows:,} rows", "gzip -6", seconds=text_seconds)


def _gzip(side: Ours, number: int) -> float:
    """Seconds that `cat | gzip -6` takes for the text of this export."""
    with tempfile.TemporaryDirectory(prefix="goatapi-bench-") as folder:
        file, text = Path(folder) / "export.gz", Path(folder) / "export"
        file.write_bytes(side.api("GET", f"/export/{number}/download"))
        with gzip.open(file) as source, text.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        begun = time.monotonic()
        with subprocess.Popen(["cat", str(text)], stdout=subprocess.PIPE) as cat:
            subprocess.run(["gzip", "-6"], stdin=cat.stdout, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begun
