"""`make bench` in its smallest form: the figures are there. What they say is not a test's business."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.live.server import ROOT, bare_environment

pytestmark = pytest.mark.once

SMALLEST = {
    "QUICK": "1",
    "DB": "sqlite",
    "WINDOW": "1",
    "HITS": "2000",
    "ROWS": "2000",
    "PEER": "",
}


def bench(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Run it."""
    return subprocess.run(
        [sys.executable, "-m", "bench", "--json"],
        cwd=ROOT,
        env=bare_environment() | SMALLEST | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """What a run tells of the sections that need no tool besides Python."""
    done = bench(ONLY="batch,year,export,idle")
    assert done.returncode == 0, done.stderr
    figures: list[dict[str, Any]] = json.loads(done.stdout)["figures"]
    return figures


def section(rows: list[dict[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """One section's rows of our server by their figure's name; of an export's, those of CSV."""
    mine = [row for row in rows if row["section"] == name and row["side"] == "ours sqlite"]
    return {row["figure"]: row for row in reversed(mine)}


def test_a_batch_run_tells_rates_cost_and_that_nothing_was_lost(rows: list[dict[str, Any]]) -> None:
    found = section(rows, "batch")

    assert {"accepted_hits_per_s", "persisted_hits_per_s", "web_cpu_us_per_hit"} <= found.keys()
    assert {"tree_cpu_us_per_hit", "peak_pss_mib"} <= found.keys()
    assert [found[name]["median"] for name in ("lost", "failed_requests_percent")] == [0, 0]
    assert found["rollups_filled"]["median"] == 8
    assert found["accepted_hits_per_s"]["target"] == "≥ 6 × peer"


def test_a_year_of_hits_tells_its_room(rows: list[dict[str, Any]]) -> None:
    found = section(rows, "year")

    assert {"hits_per_s", "file_bytes_per_hit", "hit_bytes_per_hit"} <= found.keys()
    assert {"rollup_bytes_per_hit", "short_lived_bytes_per_hit"} <= found.keys()
    assert found["hit_bytes_per_hit"]["verdict"] in ("met", "MISSED")


def test_an_export_is_timed_beside_gzip(rows: list[dict[str, Any]]) -> None:
    found = section(rows, "export")

    assert {"rows_per_s", "seconds", "worker_peak_pss_mib"} <= found.keys()
    assert found["seconds"]["target"].endswith("× gzip -6")


def test_an_idle_server_tells_its_start_and_its_memory(rows: list[dict[str, Any]]) -> None:
    assert {"start_up_s", "pss_mib", "cpu_percent"} <= section(rows, "idle").keys()


def test_an_unknown_section_is_named() -> None:
    done = bench(ONLY="batch,nonsense")

    assert done.returncode == 2
    assert "nonsense" in done.stderr
