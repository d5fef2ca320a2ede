"""Python runs this first where its folder is in PYTHONPATH: the clock is then off by what JUMP_FILE says.

Only the time of day is: waits and time-outs go by the monotonic clock, which no operator can set.
"""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import time_machine

LOOK_SECONDS = 0.02
FILE = Path(os.environ["JUMP_FILE"])


def offset() -> int:
    """Seconds from the true time."""
    return int(FILE.read_text() or 0)


def follow(clock: time_machine.Traveller, known: int) -> None:
    """Jump whenever the file says something else."""
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        if (wanted := offset()) != known:
            known = wanted
            clock.move_to(time_machine.escape_hatch.time.time() + known)


begun = offset()
clock = time_machine.travel(datetime.fromtimestamp(time.time() + begun, UTC), tick=True).start()


def watch() -> None:
    """A thread does not survive a fork; each process has one of its own."""
    threading.Thread(target=follow, args=(clock, begun), name="clock", daemon=True).start()


watch()
os.register_at_fork(after_in_child=watch)
