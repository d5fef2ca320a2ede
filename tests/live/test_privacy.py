"""After a run nothing of a visitor's address, browser or session is in any file of the service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.server import LiveServer, http_client

ADDRESSES = ("51.171.91.33", "66.66.66.67")
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0 Unmistakable/7"
SESSION, ID = "a-session-of-somebody", "an-id-of-somebody"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """One whose clients may say by what address they came."""
    running = LiveServer(tmp_path, GOATAPI_TRUSTED_PROXIES="127.0.0.0/8")
    running.start()
    yield running
    running.kill()


def test_neither_address_nor_user_agent_nor_session_is_on_disk(server: LiveServer) -> None:
    site = server.make_site("private")
    headers = {"User-Agent": AGENT, "X-Forwarded-For": ADDRESSES[0]}
    bot = headers | {"User-Agent": f"bot {AGENT}"}
    with http_client(server.url) as http:
        assert http.get("/count?p=/pixel", headers=headers).status_code == 200
        assert http.get("/count?p=/bot", headers=bot).status_code == 200
    hit = {"path": "/api", "ip": ADDRESSES[1], "user_agent": AGENT, "id": ID}
    named = {"path": "/session", "session": SESSION}
    assert site.post("/api/v0/count", {"hits": [hit, named]}).status_code == 202
    assert {"/pixel", "/api", "/session"} <= set(site.paths("/pixel", "/api", "/session"))
    before = searched(server)
    server.stop()
    assert searched(server) + before == []


def searched(server: LiveServer) -> list[str]:
    """What was found where, in every file of the data folder and in the log."""
    contents = {path.name: path.read_bytes() for path in server.data.rglob("*") if path.is_file()}
    contents["the log"] = server.said().encode()
    secrets = (*ADDRESSES, "Unmistakable", SESSION, ID, "/bot")
    return [
        f"{secret} in {name}"
        for name, content in contents.items()
        for secret in secrets
        if secret.encode() in content
    ]
