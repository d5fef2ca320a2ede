"""`python -m tests.faults`: rounds of kills on both databases and in both journal modes, and their table.

A run that was interrupted goes on with the round it was in, for as long as its folder is there.
"""

import argparse
import json
import logging
import os
import random
import secrets
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()  # every answer of the API is held against its description
logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells each request

from tests.faults.books import Verdict  # noqa: E402  # after Django
from tests.faults.rounds import Outcome, Rounds  # noqa: E402  # after Django
from tests.faults.services import KINDS, Kind, Service  # noqa: E402

BLOCK = 10
"""Rounds on one service before it is the next one's turn."""

HEALTHY_SECONDS = 10.0
"""The promise: how long the service may take to be well again by itself. Only an idle machine can show it."""

COLUMNS = (
    "rounds",
    "acknowledged",
    "unanswered",
    "lost",
    "doubled",
    "otherwise wrong",
    "over 10 s",
)
TIMES = ("longest outage", "longest backlog")

Line = dict[str, Any]

_ended: list[str] = []
"""What rounds and their threads have died of. It counts as wrong: nobody knows what they would have seen."""


class Log:
    """The rounds that are done, one line of JSON each; the first line is the seed."""

    def __init__(self, folder: Path, seed: str) -> None:
        self._path = folder / "rounds.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            self._add({"seed": seed or secrets.token_hex(4)})
        first, *lines = self._path.read_text().splitlines()
        self.seed = str(json.loads(first)["seed"])
        self.done: list[Line] = [json.loads(line) for line in lines]
        if seed not in ("", self.seed):
            raise SystemExit(f"{self._path} holds unfinished rounds of the seed {self.seed}")

    def note(self, number: int, outcome: Outcome) -> Line:
        """One more round; gives what is kept of it."""
        line = {"round": number, **asdict(outcome)}
        self._add(line)
        self.done.append(line)
        return line

    def close(self) -> None:
        """All rounds are done: the next run begins anew."""
        self._path.rename(self._path.with_stem(f"rounds-{self.seed}"))

    def _add(self, line: Line) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def main() -> int:
    """0 when every promise was kept in every round."""
    given = arguments()
    threading.excepthook = lambda death: _ended.append(f"{death.thread}: {death.exc_value!r}")
    log = Log(given.folder, given.seed)
    say(f"seed {log.seed}, {len(log.done)} of {given.rounds} rounds are done ({given.folder})")
    waiting = range(len(log.done), given.rounds)
    for block, numbers in groupby(waiting, lambda number: number // BLOCK):
        run_block(KINDS[block % len(KINDS)], numbers, log)
    say(table(log.done))
    log.close()
    return 0 if all(is_good(line) for line in log.done) else 1


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", default="", help="of all random choices; default: a new one")
    default = Path(tempfile.gettempdir()) / "goatapi-rounds"
    parser.add_argument("--folder", type=Path, default=default, help="where the rounds are noted")
    return parser.parse_args()


def run_block(kind: Kind, numbers: Iterator[int], log: Log) -> None:
    """Rounds on one service; after one that was not good it is the turn of a new service."""
    for number in numbers:
        with Service(kind) as service:
            rounds = Rounds(service)
            while run_round(rounds, number, log, service) and (following := next(numbers, None)):
                number = following  # noqa: PLW2901  # the outer loop is for services


def run_round(rounds: Rounds, number: int, log: Log, service: Service) -> bool:
    """Whether it was good."""
    chance = random.Random(f"{log.seed} {number}")  # noqa: S311  # moments, no secrets
    try:
        outcome = rounds.run(f"round-{number}", chance)
    except Exception:  # noqa: BLE001  # whatever it was, the round has not shown what it has to
        _ended.append(traceback.format_exc())
        outcome = Outcome(service.kind, (), Verdict(), 0.0, 0.0, 0.0)
    outcome.verdict.wrong.extend(_ended)
    _ended.clear()
    line = log.note(number, outcome)
    say(told(line))
    if broken := not is_good(line):
        say(service.warnings())
    return not broken


def is_good(line: Line) -> bool:
    """Whether the round has kept every promise."""
    verdict = line["verdict"]
    return not (verdict["lost"] or verdict["doubled"] or verdict["wrong"] or is_long(line))


def is_long(line: Line) -> bool:
    """Whether the service was ill for too long."""
    return bool(max(line["outage"], line["caught_up"]) > HEALTHY_SECONDS)


def told(line: Line) -> str:
    """A round in a line."""
    verdict = line["verdict"]
    return (
        f"{line['round'] + 1:4}  {Kind(*line['kind'])!s:24}  {verdict['acknowledged']:5} acknowledged, "
        f"{verdict['unanswered']:3} unanswered, {verdict['lost']} lost, {verdict['doubled']} doubled, "
        f"{'TOO LONG ' if is_long(line) else ''}outage {line['outage']:.1f} s, backlog {line['caught_up']:.1f} s, "
        f"took {line['took']:.1f} s; killed: {', '.join(line['blows'])}"
        + "".join(f"\n      WRONG: {sentence}" for sentence in verdict["wrong"])
    )


def table(lines: list[Line]) -> str:
    """All rounds by service."""
    heads = (*COLUMNS, *TIMES)
    rows: list[tuple[str, ...]] = [("", *heads)]
    rows += [
        _row(str(kind), [line for line in lines if Kind(*line["kind"]) == kind]) for kind in KINDS
    ]
    rows.append(_row("all", lines))
    widths = [max(len(row[at]) for row in rows) for at in range(len(heads) + 1)]
    return "\n".join("  ".join(map(str.rjust, row, widths)) for row in rows)


def _row(name: str, lines: list[Line]) -> tuple[str, ...]:
    sums = [sum(line["verdict"][what] for line in lines) for what in COLUMNS[1:5]]
    wrong = sum(len(line["verdict"]["wrong"]) for line in lines)
    slow = sum(map(is_long, lines))
    longest = [max((line[what] for line in lines), default=0.0) for what in ("outage", "caught_up")]
    return (
        name,
        *map(str, (len(lines), *sums, wrong, slow)),
        *(f"{seconds:.1f} s" for seconds in longest),
    )


def say(text: str) -> None:
    """At once, since somebody may be following a file."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
