"""A round of each kind; `python -m tests.faults` runs hundreds."""

import os
import random
import secrets

import pytest

from tests.faults import LONG
from tests.faults.conftest import Serve
from tests.faults.rounds import Rounds
from tests.faults.services import KINDS, Kind

SEED = os.environ.get("FAULTS_SEED") or secrets.token_hex(4)


@pytest.mark.parametrize("kind", KINDS if LONG else KINDS[::3], ids=str)
def test_whoever_is_killed_nothing_acknowledged_is_lost_and_nothing_doubled(
    kind: Kind, serve: Serve
) -> None:
    print(f"FAULTS_SEED={SEED}")
    service = serve(kind)
    chance = random.Random(f"{SEED} {kind}")  # noqa: S311  # moments, no secrets
    outcome = Rounds(service).run("round", chance)
    print(outcome)
    assert outcome.verdict.is_good, f"{outcome}\n{service.warnings()}"
    assert outcome.verdict.acknowledged
    doctor = service.server.manage("doctor")
    assert doctor.returncode == 0, doctor.stdout
