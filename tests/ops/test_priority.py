"""Background work steps back where processors are scarce."""

import subprocess
import sys

import pytest

ASK = """
from pathlib import Path
from goatapi import priority
import os
priority.stand_back(7)
group = Path("/proc/self/autogroup")
# Empty where the session is in no group: one that was there before the first setsid().
weight = group.read_text() if group.exists() else ""
print(os.nice(0), weight.split()[-1] if weight else "-")
"""


@pytest.mark.once
@pytest.mark.parametrize(("own_session", "of_session"), [(True, "7"), (False, None)])
def test_a_process_lowers_itself_and_its_session_if_that_is_its_own(
    own_session: bool, of_session: str | None
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=own_session,
    )
    nice, group = done.stdout.split()
    assert nice == "7"
    assert of_session is None or group in (of_session, "-")
