"""How `/count.js` is served: part 4.1. What it does in a browser: tests/browser."""

import gzip
from typing import Any

import pytest
from django.conf import settings

from hits.script import FILE, takes_gzip
from tests.client import Client
from tests.make import Cast


def fetch(cast: Cast, path: str = "/count.js", method: str = "GET", **headers: str) -> Any:
    """The script as the owner's host serves it."""
    return Client().generic(method, path, headers=headers, SERVER_NAME=cast.owner.host)


def test_the_script_is_for_every_origin_and_kept_for_a_week(cast: Cast) -> None:
    reply = fetch(cast)
    assert (reply.status_code, reply.content) == (200, FILE.read_bytes())
    assert reply["Content-Type"] == "text/javascript; charset=utf-8"
    assert reply["Cache-Control"] == "public, max-age=604800"
    assert reply["Access-Control-Allow-Origin"] == "*"
    assert reply["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert reply["X-Content-Type-Options"] == "nosniff"


def test_it_is_compressed_for_those_who_take_it(cast: Cast) -> None:
    plain, zipped = fetch(cast), fetch(cast, **{"Accept-Encoding": "br, gzip"})
    assert gzip.decompress(zipped.content) == plain.content
    assert zipped["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert zipped["Vary"] == plain["Vary"] == "Accept-Encoding"
    assert zipped["ETag"] != plain["ETag"]


def test_compressed_it_has_at_most_three_kilobytes(cast: Cast) -> None:
    zipped = fetch(cast, **{"Accept-Encoding": "gzip"})
    assert zipped["Content-Encoding"] == "gzip"
    assert len(zipped.content) <= 3072


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_those_who_have_it_are_told_that_it_has_not_changed(cast: Cast, encoding: str) -> None:
    tag = fetch(cast, **{"Accept-Encoding": encoding})["ETag"]
    assert tag.startswith('"')
    again = fetch(cast, **{"Accept-Encoding": encoding, "If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert (again["ETag"], again["Vary"]) == (tag, "Accept-Encoding")
    assert again["Access-Control-Allow-Origin"] == "*"
    assert again["Cache-Control"] == "public, max-age=604800"
    assert "Content-Encoding" not in again
    other = fetch(cast, **{"Accept-Encoding": encoding, "If-None-Match": '"another"'})
    assert other.status_code == 200


def test_head_has_the_same_headers_and_writing_is_refused(cast: Cast) -> None:
    head = fetch(cast, method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head["ETag"] == fetch(cast)["ETag"]
    assert fetch(cast, method="POST").status_code == 405


@pytest.mark.parametrize("version", [1, 5, 12])
def test_a_frozen_script_is_not_there_and_the_answer_names_ours(cast: Cast, version: int) -> None:
    reply = fetch(cast, f"/count.v{version}.js")
    assert reply.status_code == 404
    assert "embed /count.js" in reply.content.decode()
    assert reply["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5, br", True),
        ("x-gzip", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=1.0", True),
        ("br", False),
        ("identity", False),
    ],
)
def test_gzip_is_taken_by_those_who_name_it(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


def test_the_services_own_name_serves_it_too(db: None) -> None:
    reply = Client().get("/count.js", SERVER_NAME=settings.ENVIRONMENT.domain)
    assert (reply.status_code, reply.content) == (200, FILE.read_bytes())
