"""`/count` under load: wrk with a script of ours."""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.sides import Side

SCRIPT = Path(__file__).with_name("pixel.lua")
ADDRESSES = str(20 + int(time.time() / 60) % 100)
"""The addresses' first number: a peer must not know them from the last run."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What wrk counted. `refused` had a bad status, `broken` no answer at all; milliseconds."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50: float
    p99: float

    @property
    def good(self) -> int:
        """Those acknowledged."""
        return self.requests - self.refused


class Flood:
    """wrk at work on one side. `pause` milliseconds lie before each request of each connection."""

    def __init__(
        self,
        side: Side,
        connections: int,
        seconds: float,
        *,
        pause: int = 0,
    ) -> None:
        if not shutil.which("wrk"):
            raise SystemExit("the benchmark needs wrk: apt-get install wrk")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s"]
        command += [str(SCRIPT), side.url, "--", side.host or "-", ADDRESSES]
        command += [str(side.pixels), str(pause)]
        self._side = side
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def wait(self) -> Answers:
        """Until it is over."""
        output, _ = self._process.communicate()
        line = next(line for line in output.splitlines() if line.startswith("RESULT "))
        answers = Answers(**json.loads(line.removeprefix("RESULT ")))
        self._side.pixels += answers.requests + 1000
        return answers


def flood(side: Side, connections: int, seconds: float) -> Answers:
    """As fast as it is answered."""
    return Flood(side, connections, seconds).wait()
