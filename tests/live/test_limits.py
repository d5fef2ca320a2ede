"""Limits under /api are exact across processes, in the store that needs no server."""

import subprocess
import sys
from pathlib import Path

from tests.live.server import ROOT, bare_environment

PROCESSES, TRIES, LIMIT = 4, 25, 60

TAKE = f"""
from django.http import HttpRequest
from goatapi.http.ratelimit import take
passed = 0
for _ in range({TRIES}):
    usage = take(HttpRequest(), name="api", rate=({LIMIT}, 86_400), who="key:1")
    passed += not usage.exceeded
print(passed)
"""


def test_four_processes_at_once_pass_what_one_would(tmp_path: Path) -> None:
    environment = bare_environment() | {"GOATAPI_DATA_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "manage.py", "prepare"], cwd=ROOT, env=environment, check=True)
    processes = [
        subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v0", "-c", TAKE],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    passed = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(passed) == LIMIT, passed
