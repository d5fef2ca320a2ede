"""Downloads through both doors: whole, by ranges, under conditions."""

import base64
import hashlib
from dataclasses import dataclass

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from exports import tasks
from exports.models import Export
from tests.client import ApiClient
from tests.doors import Door, Protocol, Reply, Scope, by_django
from tests.make import Cast, drain

OTHER = f'"{"0" * 64}"'


def by_bridge(method: str, host: str, target: str, headers: dict[str, str]) -> Reply:
    """As the web server's callable does it; without its loop, on which a test's transaction is not seen."""
    from goatapi import bridge, rsgi, wsgi  # noqa: PLC0415  # make Django's handler

    path, _, query = target.partition("?")
    scope = Scope(method, path, query, {"host": host} | headers)
    protocol, ends = Protocol(), (request_started, request_finished)
    for signal in ends:  # as Django's own test client does: the connection is the test's
        signal.disconnect(close_old_connections)
    try:
        answer = bridge.run(wsgi.application, bridge.environ(scope, b""))
    finally:
        for signal in ends:
            signal.connect(close_old_connections)
    rsgi.send(protocol, answer)
    assert protocol.reply is not None
    assert (answer.file is not None) == (answer.status in (200, 206) and method == "GET")
    return protocol.reply


DOORS: dict[str, Door] = {"django": by_django, "bridge": by_bridge}


@dataclass(frozen=True, slots=True)
class File:
    """A finished export and the way to its file."""

    door: Door
    host: str
    url: str
    key: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()}"'

    def ask(self, method: str = "GET", /, **headers: str) -> Reply:
        """Header names with underscores for hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given["Authorization"] = f"Bearer {self.key}"
        return self.door(method, self.host, self.url, given)


@pytest.fixture(params=DOORS)
def file(request: pytest.FixtureRequest, cast: Cast) -> File:
    """A file of 300 pageviews."""
    api = ApiClient(cast.owner)
    hits = [
        {"path": f"/{n}", "title": hashlib.sha256(bytes([n % 256])).hexdigest()} for n in range(300)
    ]
    assert api.post("/api/v0/count", {"no_sessions": True, "hits": hits}).status_code == 202
    drain()
    export = api.post("/api/v0/export").json()["id"]
    tasks.build(export)
    url = f"/api/v0/export/{export}/download"
    return File(DOORS[request.param], api.host, url, api.key, api.get(url).body)


def test_a_whole_file_tells_its_length_digest_and_version(file: File) -> None:
    reply = file.ask()
    assert (reply.status_code, reply.content) == (200, file.content)
    digest = base64.b64encode(hashlib.sha256(file.content).digest()).decode()
    assert reply["Content-Length"] == str(file.size)
    assert reply["Repr-Digest"] == f"sha-256=:{digest}:"
    assert reply["ETag"] == file.etag
    assert reply["Accept-Ranges"] == "bytes"
    assert reply["Content-Type"] == "application/gzip"
    assert reply["Last-Modified"].endswith(" GMT")
    assert "Content-Encoding" not in reply
    assert "Content-Range" not in reply
    for name in ("Repr-Digest", "Accept-Ranges", "Content-Range", "Content-Length", "ETag"):
        assert name in reply["Access-Control-Expose-Headers"].split(", ")


def test_head_is_the_same_without_the_file(file: File) -> None:
    whole, head = file.ask(), file.ask("HEAD", Range="bytes=5-9")
    assert (head.status_code, head.content) == (200, b"")
    same = set(whole.headers) - {"x-rate-limit-remaining", "x-rate-limit-reset"}
    assert {name: head.headers.get(name) for name in same} == {
        name: whole.headers[name] for name in same
    }


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, None),
        ("bytes=-10", -10, None),
        ("Bytes = 7 - 8", 7, 9),
        ("bytes=1-99999999999", 1, None),
        ("bytes=-99999999999", 0, None),
    ],
)
def test_a_range_is_that_part_of_the_file(
    file: File, asked: str, start: int, end: int | None
) -> None:
    reply = file.ask(Range=asked)
    part = file.content[start:end]
    first = start if start >= 0 else file.size + start
    assert (reply.status_code, reply.content) == (206, part)
    assert reply["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{file.size}"
    assert reply["Content-Length"] == str(len(part))
    assert reply["ETag"] == file.etag
    assert reply["Repr-Digest"] == file.ask()["Repr-Digest"], "of the whole file"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "bytes=-",
        "bytes=9-8",
        "bytes=x-9",
        "lines=0-9",
        "0-9",
        "bytes=0-9,",
        "bytes=٣-٤",
    ],
)
def test_several_ranges_or_none_that_makes_sense_give_the_whole_file(
    file: File, asked: str
) -> None:
    reply = file.ask(Range=asked)
    assert (reply.status_code, reply.content) == (200, file.content)


@pytest.mark.parametrize("asked", ["bytes={size}-", "bytes={size}-99999999999", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_and_told_the_size(file: File, asked: str) -> None:
    reply = file.ask(Range=asked.format(size=file.size))
    assert reply.status_code == 416
    assert reply["Content-Range"] == f"bytes */{file.size}"
    assert b'"error"' in reply.content


def test_a_range_of_another_version_gives_the_whole_file(file: File) -> None:
    dated = file.ask()["Last-Modified"]
    for condition in (file.etag, dated):
        assert file.ask(Range="bytes=3-", If_Range=condition).status_code == 206
    for condition in (OTHER, f"W/{file.etag}", "Mon, 01 Jan 2024 00:00:00 GMT", "nonsense"):
        reply = file.ask(Range="bytes=3-", If_Range=condition)
        assert (reply.status_code, reply.content) == (200, file.content), condition


def test_what_a_client_has_already_is_not_sent_again(file: File) -> None:
    for method in ("GET", "HEAD"):
        reply = file.ask(method, If_None_Match=f"{OTHER}, {file.etag}")
        assert (reply.status_code, reply.content, reply["ETag"]) == (304, b"", file.etag)
        assert file.ask(method, If_None_Match=OTHER).status_code == 200
    assert file.ask(If_Modified_Since=file.ask()["Last-Modified"]).status_code == 304


def test_a_version_that_is_not_there_is_refused(file: File) -> None:
    assert file.ask(If_Match=file.etag, Range="bytes=0-9").status_code == 206
    reply = file.ask(If_Match=OTHER)
    assert reply.status_code == 412
    assert b'"error"' in reply.content


def test_parts_put_together_are_the_file(file: File) -> None:
    step = file.size // 7 + 1
    parts = [
        file.ask(Range=f"bytes={start}-{start + step - 1}", If_Range=file.etag).content
        for start in range(0, file.size, step)
    ]
    assert b"".join(parts) == file.content


def test_a_file_that_is_gone_is_said_to_be(file: File, house: object) -> None:
    Export.objects.update(stored_as="elsewhere")
    reply = file.ask(Range="bytes=0-9")
    assert (reply.status_code, b'"error"' in reply.content) == (410, True)
