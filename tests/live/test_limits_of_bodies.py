"""Bad, large, slow and strange requests through the real server."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.live.load import USER_AGENTS
from tests.live.server import LiveServer, LiveSite
from tests.openapi.contract import contract
from tests.openapi.exchange import from_bytes

pytestmark = pytest.mark.once

COUNT = "/api/v0/count"
SLOW_CLIENTS = 25
"""Of each of three kinds."""


@pytest.fixture(scope="module")
def site(shared: LiveServer) -> LiveSite:
    """A site of the shared server."""
    return shared.make_site("limits")


@pytest.fixture(scope="module")
def http(site: LiveSite) -> Iterator[httpx.Client]:
    """Asks that site, with its key."""
    with site.client() as client:
        yield client


def post(
    http: httpx.Client, path: str, body: bytes | str, kind: str = "application/json"
) -> httpx.Response:
    """POST of raw bytes."""
    return http.post(path, content=body, headers={"Content-Type": kind})


def raw(site: LiveSite, text: str, body: bytes = b"", *, is_http: bool = True) -> bytes:
    """The answer to a request written by hand; `text` is its head, without the host and the key.

    What is no HTTP is refused by the web server's own parser, without a body: nothing describes that.
    """
    with socket.create_connection(("127.0.0.1", site.server.port), 30) as connection:
        connection.sendall(head(site, text) + body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    if answer and is_http:
        contract().check(from_bytes(head(site, text), body, answer))
    return answer


def head(site: LiveSite, text: str) -> bytes:
    """A request's head; it asks for the connection to be closed."""
    first, *others = text.splitlines()
    common = [f"Host: {site.host}", f"Authorization: Bearer {site.key}", "Connection: close"]
    return "\r\n".join([first, *common, *others, "", ""]).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"hits": [', "invalid JSON"),
        ("hits", "invalid JSON"),
        ("\x00", "invalid JSON"),
        ('{"hits": {}}', ""),
        ("[1]", ""),
        ('{"hits": []}', ""),
        ('{"hits": [{"path": 1}]}', ""),
        ('{"no_sessions": "yes", "hits": [{"path": "/"}]}', ""),
    ],
)
def test_bodies_that_make_no_sense_are_refused_as_the_contract_says(
    http: httpx.Client, body: str, words: str
) -> None:
    answer = post(http, COUNT, body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/json")
    assert ("error" in answer.json()) != ("errors" in answer.json())
    assert words in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(http: httpx.Client, kind: str) -> None:
    answer = post(http, COUNT, '{"hits": [{"path": "/"}]}', kind)
    assert answer.status_code == 415
    assert "Content-Type" in answer.json()["error"]


def test_a_batch_holds_at_most_500_pageviews(http: httpx.Client) -> None:
    hits = [{"path": "/many"}] * 501
    answer = post(http, COUNT, json.dumps({"no_sessions": True, "hits": hits}))
    assert answer.status_code == 400
    assert "500" in answer.json()["error"]


def test_good_pageviews_of_a_bad_batch_are_kept(site: LiveSite, http: httpx.Client) -> None:
    hits = [{"path": "/good"}, {"path": 5}, {"path": "/x", "nonsense": 1}, {"path": "/better"}]
    answer = post(http, COUNT, json.dumps({"no_sessions": True, "hits": hits}))
    assert answer.status_code == 400
    assert {key: type(value) for key, value in answer.json()["errors"].items()} == {
        "1": list,
        "2": list,
    }
    kept = site.paths("/good", "/better")
    assert "/x" not in kept
    assert "/many" not in kept


@pytest.mark.parametrize("path", [COUNT, "/count", "/api/v0/export"])
def test_ten_megabytes_are_refused(site: LiveSite, http: httpx.Client, path: str) -> None:
    """By the promise alone; a client that sends all the same gets the same answer or a closed connection."""
    told = raw(
        site, f"POST {path} HTTP/1.1\nContent-Type: application/json\nContent-Length: 10485760"
    )
    if path != "/count":
        assert told.startswith(b"HTTP/1.1 413 ")
        assert b'"error"' in told
    try:
        answer = post(http, path, b" " * 10_485_760)
    except httpx.TransportError:
        return
    assert answer.status_code == (400 if path == "/count" else 413)


def test_a_body_may_come_in_chunks(site: LiveSite) -> None:
    text = f"POST {COUNT} HTTP/1.1\nContent-Type: application/json\nTransfer-Encoding: chunked"
    told = raw(site, text, b"2\r\n{}\r\n0\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b'"no hits"' in told


def test_chunks_have_the_bound_of_other_bodies(site: LiveSite) -> None:
    text = f"POST {COUNT} HTTP/1.1\nContent-Type: application/json\nTransfer-Encoding: chunked"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    told = raw(site, text, chunk * 129 + b"0\r\n\r\n")
    assert told == b"" or told.startswith(b"HTTP/1.1 413 ")


def test_a_browser_whose_name_is_not_ascii_is_counted(site: LiveSite) -> None:
    """The web server hides such headers from the door."""
    agent = "Mozilla/5.0 (Linux; Android 10; 小米) AppleWebKit/537.36 Chrome/99.0"
    told = raw(site, f"GET /count?p=/not-ascii HTTP/1.1\nUser-Agent: {agent}")
    assert told.startswith(b"HTTP/1.1 200 ")
    assert "/not-ascii" in site.paths("/not-ascii")


@pytest.mark.parametrize("length", ["-1", "many", "99999999999999999999"])
def test_a_length_that_is_none_is_refused(site: LiveSite, length: str) -> None:
    told = raw(site, f"POST {COUNT} HTTP/1.1\nContent-Length: {length}", is_http=False)
    assert told.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))


def test_a_body_that_ends_too_early_counts_nothing(site: LiveSite) -> None:
    body = b'{"no_sessions": true, "hits": [{"path": "/short"}]}'
    text = f"POST {COUNT} HTTP/1.1\nContent-Type: application/json\nContent-Length: {len(body) + 5}"
    with socket.create_connection(("127.0.0.1", site.server.port), 30) as connection:
        connection.sendall(head(site, text) + body)
        connection.shutdown(socket.SHUT_WR)
        told = connection.recv(65536)
    assert told == b"" or told.startswith(b"HTTP/1.1 400 ")
    site.count("/after-short")
    assert "/short" not in site.paths("/after-short")


@pytest.mark.parametrize(
    "body",
    [
        '{"start_from_hit_id": "1"}',
        '{"start_from_hit_id": -1}',
        '{"start_from_hit_id": 1.5}',
        '{"start_from_hit_id": 99999999999999999999}',
        '{"start_from_hit_id": true}',
        '{"format": "xml"}',
        '{"format": 1}',
        '{"cursor": 1}',
        "[]",
        "{",
    ],
)
def test_bad_cursors_and_formats_are_refused(http: httpx.Client, body: str) -> None:
    answer = post(http, "/api/v0/export", body)
    assert answer.status_code == 400
    assert ("error" in answer.json()) != ("errors" in answer.json())


@pytest.mark.parametrize("id", ["0", "999999999", "-1", "x", "1e3", "99999999999999999999"])
def test_exports_that_are_not_there_are_not_found(http: httpx.Client, id: str) -> None:
    for path in (f"/api/v0/export/{id}", f"/api/v0/export/{id}/download"):
        answer = http.get(path)
        assert answer.status_code in (400, 404)
        assert ("error" in answer.json()) != ("errors" in answer.json())


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH"])
def test_pageviews_come_by_get_and_post_alone(http: httpx.Client, method: str) -> None:
    answer = http.request(method, "/count?p=/method")
    assert answer.status_code == 405
    assert http.request(method, COUNT).status_code == 405


def test_an_unknown_host_is_told_so(http: httpx.Client, site: LiveSite) -> None:
    for path in (COUNT, "/api/v0/me", "/count?p=/"):
        answer = http.get(path, headers={"Host": f"nobody.localhost:{site.server.port}"})
        assert answer.status_code == 404
        assert "no site at this domain" in answer.text
        if path.startswith("/api"):
            assert "no site" in answer.json()["error"]


def test_curl_downloads_an_export_and_asks_for_its_head(site: LiveSite, tmp_path: Path) -> None:
    site.count("/curl")
    lines = len(site.paths("/curl"))
    with site.client() as client:
        export = client.get("/api/v0/export").json()["exports"][0]
    url = f"http://{site.host}/api/v0/export/{export['id']}/download"
    curl = ["curl", "-sS", "-J", "-O", "-D", "-", "-H", f"Authorization: Bearer {site.key}", url]
    told = subprocess.run(curl, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told.startswith("HTTP/1.1 200 ")
    assert "content-encoding" not in told.lower()
    rows = subprocess.run(
        ["gzip", "-dc", export["path"]], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert len(rows.stdout.splitlines()) == lines + 1
    about = subprocess.run(
        [*curl[:2], "-I", *curl[-3:]], capture_output=True, text=True, check=True
    )
    assert about.stdout.startswith("HTTP/1.1 200 ")


def test_slow_clients_do_not_stop_pageviews(site: LiveSite) -> None:
    """Half a request line, half a body, a download that nobody reads: 25 of each, and /count goes on."""
    download = large_download(site)
    beginnings = {
        "headers": b"GET /count?p=/slow HTTP/1.1\r\nHost: ",
        "bodies": head(site, f"POST {COUNT} HTTP/1.1\nContent-Length: 1000") + b"{",
        "downloads": head(site, f"GET {download} HTTP/1.1"),
    }
    with ExitStack() as stack:
        for beginning in beginnings.values():
            for _ in range(SLOW_CLIENTS):
                connection = socket.create_connection(("127.0.0.1", site.server.port), 30)
                stack.enter_context(connection).sendall(beginning)
        begun = time.monotonic()
        with site.client() as client:
            for number in range(100):
                agent = {"User-Agent": USER_AGENTS[0]}
                assert client.get(f"/count?p=/beside-{number}", headers=agent).status_code == 200
            assert client.get("/api/v0/export").status_code == 200
        took = time.monotonic() - begun
    print(f"100 pageviews and a list beside {3 * SLOW_CLIENTS} slow clients: {took:.2f} s")
    assert took < 10
    site.paths(*(f"/beside-{number}" for number in range(100)))


def large_download(site: LiveSite) -> str:
    """Path of an export whose file was swapped for one that no socket's buffer holds."""
    site.export()
    with site.client() as client:
        export = client.get("/api/v0/export").json()["exports"][0]
    (file,) = site.server.data.glob(f"exports/*/{export['id']}/*.gz")
    file.write_bytes(b"\0" * (20 << 20))
    return f"/api/v0/export/{export['id']}/download"
