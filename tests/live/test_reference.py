"""Every command on the reference page runs as it is printed, with nothing but the key filled in."""

import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.live.server import SECONDS, LiveServer, LiveSite

pytestmark = pytest.mark.once

COMMAND = re.compile(r'<h3 id="([^"]+)">.*?<pre class="curl"[^>]*><code>(.*?)</code>', re.DOTALL)
REPORTING = """set -o pipefail
curl() { command curl --silent --show-error --write-out '%{stderr}%{http_code}\\n' "$@"; }
"""


@pytest.fixture(scope="module")
def site(shared: LiveServer) -> LiveSite:
    """A site with pageviews, and a key for everything that the page shows."""
    made = shared.make_site("reference", permissions="count,export,site-read")
    made.count("/one", "/two")
    made.paths(count=2)
    return made


def printed(site: LiveSite) -> dict[str, str]:
    """The commands by the names of their operations."""
    with site.client() as client:
        page = client.get("/api.html")
    assert page.status_code == 200
    return {name: unescape(command) for name, command in COMMAND.findall(page.text)}


def export_anew(site: LiveSite) -> None:
    """The newest export is then a finished one, whatever the command before has done to its own."""
    with site.client() as client:
        made = client.post("/api/v0/export").json()["id"]
    site.finished(made)


def test_every_command_on_the_page_works_when_pasted(site: LiveSite, tmp_path: Path) -> None:
    commands = printed(site)
    with site.client() as client:
        paths = client.get("/api.openapi.json").json()["paths"]
    assert commands.keys() == {
        each["operationId"] for item in paths.values() for each in item.values()
    }
    for name, command in commands.items():
        assert f"api=http://{site.host}/api/v0\n" in command
        filled = command.replace("YOUR_API_TOKEN", site.key)
        if ".exports[0].id" in command:
            export_anew(site)
        done = subprocess.run(
            ["bash", "-c", REPORTING + filled],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        said = (name, done.stdout, done.stderr)
        assert done.returncode == 0, said
        assert re.fullmatch(r"(2\d\d\n)+", done.stderr), said
    assert [path.name for path in tmp_path.iterdir()] == ["export.gz"]
    assert (tmp_path / "export.gz").read_bytes()[:2] == b"\x1f\x8b"
