"""Who goes first when processors are scarce: answers, then the drain, then exports.

A hit that is acknowledged is safe in the journal, so its row may wait a little longer.
"""

import os
from contextlib import suppress
from pathlib import Path

DRAIN = 10
EXPORTS = 15


def stand_back(niceness: int) -> None:
    """Lower this process's priority for good, `niceness` as for nice(2).

    Linux may weigh whole sessions against each other (sched_autogroup), and `nice` within one alone:
    then the session is lowered too, if it is this process's own.
    """
    os.nice(niceness)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness))
