"""What is acknowledged is counted exactly once, whatever breaks: real processes, real disks, real servers.

`make faults` is the long form; FAULTS=long gives it to a single `pytest tests/faults/…` too.
"""

import os

LONG = os.environ.get("FAULTS") == "long"
