"""The two accounts of tests.browser.pages.furnish, as the tests know them."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.browser.pages.names import HOSTILE, TIDY, Names
from tests.live.server import ROOT, SECONDS, LiveServer


@dataclass(frozen=True, slots=True)
class World:
    """One account. `ids` fill the paths of `table`; `emails` are by role."""

    server: LiveServer
    names: Names
    code: str
    emails: dict[str, str]
    ids: dict[str, Any]

    def url(self, path: str, *, bare: bool = False) -> str:
        """Where a path is on the site's host, or on the service's own name."""
        host = "localhost" if bare else f"{self.code}.localhost"
        return f"http://{host}:{self.server.port}{path.format(**self.ids)}"


def furnished(server: LiveServer) -> tuple[World, World]:
    """The tidy one and the hostile one, in the data of a running server."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.pages.furnish"],
        cwd=ROOT,
        env=server.environment | {"DJANGO_SETTINGS_MODULE": "goatapi.settings"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return _world(server, TIDY, told["tidy"]), _world(server, HOSTILE, told["hostile"])


def _world(server: LiveServer, names: Names, told: dict[str, Any]) -> World:
    return World(server, names, told["code"], told["emails"], told)
