"""Clients that others' tools make of the two documents do the whole job: count, export, download."""

import csv
import gzip
import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import nodejs
from tests.live.server import LiveServer, LiveSite, wait_until
from tests.openapi.contract import contract
from tests.openapi.exchange import from_wire

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


def checked(reply: Any, *_: Any, **__: Any) -> None:
    """What `requests` has sent and got, against the description."""
    body = reply.request.body or b""
    exchange = from_wire(
        method=reply.request.method,
        target=reply.request.path_url,
        asked=dict(reply.request.headers),
        sent=body.encode() if isinstance(body, str) else body,
        status=reply.status_code,
        told=reply.headers.items(),
        body=reply.content,
    )
    contract().check(exchange)


def python_client(site: LiveSite) -> Any:
    """Made by bravado of /api.json, with the site's key."""
    from bravado.client import SwaggerClient  # noqa: PLC0415  # warns when it is imported
    from bravado.requests_client import RequestsClient  # noqa: PLC0415

    http = RequestsClient()
    http.session.hooks["response"].append(checked)
    http.session.trust_env = False
    key = f"Bearer {site.key}"
    host = f"127.0.0.1:{site.server.port}"
    http.set_api_key(host, key, param_name="Authorization", param_in="header")
    return SwaggerClient.from_url(f"{site.server.url}/api.json", http_client=http)


@pytest.mark.filterwarnings(
    r"ignore:(jsonschema|Accessing \w+)\.(RefR|r)esolver:DeprecationWarning"
)
def test_a_client_in_python_made_of_the_2_0_document(site: LiveSite) -> None:
    """The warning is about how bravado uses jsonschema."""
    client = python_client(site)
    hits = [{"path": f"/python/{number}", "title": f"Title {number}"} for number in range(3)]
    counted = client.count.count(body={"no_sessions": True, "hits": hits}).result()
    assert counted.status == "ok"
    export = client.export.createExport(body={"format": "csv"}).result()
    look = client.export.getExport
    wait_until(lambda: look(id=export.id).result().finished_at is not None, site.server.said)
    done = look(id=export.id).result()
    file = client.export.downloadExport(id=export.id).response().incoming_response.raw_bytes
    found = titles(gzip.decompress(file).decode())
    assert found.items() >= {hit["path"]: hit["title"] for hit in hits}.items()
    assert (done.error, done.num_rows) == (None, len(found))


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
