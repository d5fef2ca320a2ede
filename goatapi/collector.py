"""Python's cyclic garbage collector, for processes that make many small values and hardly a cycle."""

import gc

VALUES = 50_000
"""New containers before the young ones are looked at; Python's own 700 come together in a few requests."""


def calm() -> None:
    """Call once a process is set up: what is loaded by then is never looked at again, the rest rarely.

    Each look walks the values that are alive, and none of the hot paths leaves a cycle behind. It
    was a quarter of the drain's time (docs/performance.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(VALUES, 20, 50)
