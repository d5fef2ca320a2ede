"""The contract's shell examples run as printed, with bash, curl, jq and gzip."""

import subprocess
from pathlib import Path

import pytest

from tests.live.server import ROOT, SECONDS, LiveServer, LiveSite

pytestmark = pytest.mark.once

EXAMPLES = ROOT / "docs" / "examples"
FIRST = "# Start a new export,"
CURSOR = "# Get cursor\n"
LOOP = "while :; do\n"


@pytest.fixture
def site(shared: LiveServer, request: pytest.FixtureRequest) -> LiveSite:
    """A site without pageviews."""
    return shared.make_site(request.node.name.replace("_", "-")[-40:])


def printed(name: str, site: LiveSite) -> str:
    """An example, with nothing but its token and its host filled in."""
    text = (EXAMPLES / name).read_text()
    for placeholder, value in (("YOUR_API_TOKEN", site.key), ("127.0.0.1:8000", site.host)):
        assert text.count(placeholder) == 1
        text = text.replace(placeholder, value)
    return text


def bash(text: str, folder: Path) -> str:
    """What a script prints; it must print nothing to stderr."""
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_backend_example_counts_two_pageviews(site: LiveSite, tmp_path: Path) -> None:
    answer = bash(printed("backend.sh", site), tmp_path)
    assert "error" not in answer
    assert site.paths(count=2) == ["/one", "/two"]


def test_export_example_prints_all_pageviews_as_csv(site: LiveSite, tmp_path: Path) -> None:
    bash(printed("backend.sh", site), tmp_path)
    site.paths(count=2)
    header, *rows = bash(printed("export.sh", site), tmp_path).splitlines()
    assert header.startswith("2Path,Title,Event,")
    assert [row.split(",")[0] for row in rows] == ["/one", "/two"]


def test_export_example_goes_on_from_its_cursor(site: LiveSite, tmp_path: Path) -> None:
    """The second export is started as printed, and fetched by repeating the example's own loop."""
    backend, export = printed("backend.sh", site), printed("export.sh", site)
    bash(backend, tmp_path)
    site.paths(count=2)
    beginning, cursor = export.split(CURSOR)
    older = bash(f'{beginning}echo "id=$id" > kept', tmp_path)
    bash(backend.replace("/one", "/three").replace("/two", "/four"), tmp_path)
    site.paths(count=4)
    helper, loop = beginning.split(FIRST)[0], beginning.split(LOOP)[1]
    newer = bash(f"{helper}. ./kept\n{cursor}{LOOP}{loop}", tmp_path)
    assert [row.split(",")[0] for row in older.splitlines()[1:]] == ["/one", "/two"]
    assert [row.split(",")[0] for row in newer.splitlines()[1:]] == ["/three", "/four"]
