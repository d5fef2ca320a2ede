"""`python -m tests.fuzz [--cases N] [--seed N]`: the long run, on a server of its own."""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from tests.fuzz.run import Run

PHASES = "examples,coverage,fuzzing,stateful"


def main() -> int:
    """Prints how many requests were made of which document with which key, and what was found."""
    asked = _asked()
    print(f"seed {asked.seed}", flush=True)
    total, clean = 0, True
    with tempfile.TemporaryDirectory(prefix="goatapi-fuzz-") as folder:
        for run in _runs(Path(folder), asked):
            total, clean = total + run.cases, clean and run.is_clean
            print(f"{run.document:18} key {run.key:5} {run.cases:6} requests", flush=True)
            if not run.is_clean:
                print(run.said, flush=True)
    print(f"{total} requests in all, seed {asked.seed}: {'clean' if clean else 'NOT CLEAN'}")
    return 0 if clean and total >= asked.cases else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=2000, help="at least so many requests in all")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))  # noqa: S311  # no secret
    return parser.parse_args()


def _runs(folder: Path, asked: argparse.Namespace) -> Iterator["Run"]:
    from tests.fuzz.run import make_site, runs  # noqa: PLC0415  # needs Django
    from tests.live.server import LiveServer  # noqa: PLC0415

    server = LiveServer(folder)
    try:
        server.start()
        site = make_site(server)
        yield from runs(site, folder, cases=asked.cases, seed=asked.seed, phases=PHASES)
    finally:
        server.kill()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    sys.exit(main())
