"""Clients that others' tools make of the two documents do the whole job: count, export, download."""

import csv
import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import nodejs
from tests.live.server import ROOT, SECONDS, LiveServer, LiveSite

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The only site of its server, which therefore serves it at 127.0.0.1, too."""
    server = LiveServer(tmp_path_factory.mktemp("generated"))
    server.start()
    yield server.make_site("generated")
    server.kill()


def titles(text: str) -> dict[str, str]:
    """Path → title of an export's rows."""
    return {row["2Path"]: row["Title"] for row in csv.DictReader(io.StringIO(text))}


def test_a_client_in_python_made_of_the_2_0_document(site: LiveSite) -> None:
    pages = [f"/python/{number}" for number in range(3)]
    program = [sys.executable, "-m", "tests.live.python_client", site.server.url, site.key]
    told = json.loads(succeeds(run(program, pages)))
    found = titles(told["csv"])
    assert found.items() >= {page: f"Title of {page}" for page in pages}.items()
    assert (told["export"]["error"], told["export"]["num_rows"]) == (None, len(found))


def run(program: list[str], pages: list[str]) -> subprocess.CompletedProcess[str]:
    """A program of ours, to its end."""
    return subprocess.run(
        [*program, *pages], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    """In tests/node, since Node looks for packages from there."""
    with tempfile.TemporaryDirectory(prefix="build-", dir=nodejs.NODE) as made:
        yield Path(made)


def test_a_client_in_typescript_made_of_the_3_1_document(site: LiveSite, folder: Path) -> None:
    """Its exchanges are Node's own: no check of ours sees them, but every field has its type."""
    url = f"{site.server.url}/api.openapi.json"
    succeeds(nodejs.tool("openapi-typescript", url, "--output", f"{folder}/api.d.ts"))
    shutil.copy(nodejs.NODE / "src" / "client.ts", folder)
    (folder / "tsconfig.json").write_text('{"extends": "../tsconfig.json", "include": ["."]}')
    succeeds(nodejs.tool("tsc", "--project", str(folder)))
    pages = [f"/typescript/{number}" for number in range(3)]
    said = succeeds(nodejs.node(f"{folder}/client.js", site.server.url, site.key, *pages))
    told = json.loads(said)
    found = titles(told["csv"])
    assert found.items() >= {page: f"Title of {page}" for page in pages}.items()
    assert (told["export"]["error"], told["export"]["num_rows"]) == (None, len(found))
    assert told["refused"] == 404


def succeeds(done: Any) -> str:
    """What a program said that has ended well."""
    assert done.returncode == 0, done.stdout + done.stderr
    said: str = done.stdout
    return said
