"""`"format": "ndjson"` and `"parquet"`, and exports of a span of time."""

import gzip
import hashlib
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pyarrow.parquet import read_table

from exports import tasks
from tests.client import ApiClient
from tests.contract.test_exports import URL, build, count, download
from tests.make import stored

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def lines(api: ApiClient, export: dict[str, Any]) -> list[dict[str, Any]]:
    text = gzip.decompress(download(api, export).body).decode()
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def paths(api: ApiClient, **asked: object) -> list[str]:
    """Of an export of JSON lines."""
    return [line["path"] for line in lines(api, build(api, {"format": "ndjson", **asked}))]


def test_a_json_line_has_every_stored_field_and_the_hit_id(api: ApiClient) -> None:
    hit = {
        "path": "/ünï",
        "title": 'Say "hi"',
        "ref": "https://news.ycombinator.com/item?id=1",
        "size": "1920,1080,1",
        "query": "utm_campaign=Spring",
        "location": "US-TX",
        "language": "nl",
        "user_agent": FIREFOX,
        "session": "mine",
        "created_at": "2019-06-18T01:02:03Z",
    }
    assert api.post("/api/v0/count", {"hits": [hit]}).status_code == 202
    count(api, {"path": "asd", "event": True, "created_at": "2019-06-18T00:00:00+01:00"})
    export = build(api, {"format": "ndjson"})
    assert export["format"] == "ndjson"
    assert export["path"].endswith("Z-0.ndjson.gz")
    assert download(api, export)["Content-Type"] == "application/gzip"
    first, second = lines(api, export)
    (row, _) = stored(api.tenant.site)
    assert first == {
        "hit_id": 1,
        "path": "/ünï",
        "title": 'Say "hi"',
        "event": False,
        "ref": row.ref,
        "ref_scheme": row.ref_scheme,
        "campaign": "Spring",
        "browser": "Firefox",
        "browser_version": "145",
        "system": "Linux",
        "system_version": "",
        "size": 1920,
        "location": "US-TX",
        "language": row.language,
        "session": row.session.hex(),
        "first_visit": True,
        "created_at": "2019-06-18T01:02:03Z",
    }
    assert first["event"] is False  # `0 == False` would pass above
    assert second["event"] is True
    assert first["first_visit"] is True
    assert len(first["session"]) == 32
    assert (second["hit_id"], second["session"], second["event"]) == (2, None, True)
    assert second["created_at"] == "2019-06-17T23:00:00Z"


def test_the_cursor_of_json_lines_is_the_same(api: ApiClient) -> None:
    count(api, *({"path": f"/{n}"} for n in range(3)))
    first = build(api, {"format": "ndjson", "start_from_hit_id": 1})
    assert [line["hit_id"] for line in lines(api, first)] == [2, 3]
    second = build(api, {"format": "ndjson", "start_from_hit_id": first["last_hit_id"]})
    assert (lines(api, second), second["num_rows"], second["last_hit_id"]) == ([], 0, 3)


def table(api: ApiClient, export: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    rows: list[dict[str, Any]] = read_table(io.BytesIO(download(api, export).body)).to_pylist()
    return rows


def test_parquet_has_the_fields_of_json_lines_as_typed_columns(api: ApiClient) -> None:
    hit = {"path": "/ünï", "title": 'Say "hi"', "size": "390,844,3", "session": "mine"}
    hit |= {"user_agent": FIREFOX, "created_at": "2019-06-18T01:02:03Z"}
    assert api.post("/api/v0/count", {"hits": [hit]}).status_code == 202
    count(api, {"path": "asd", "event": True})
    export = build(api, {"format": "parquet"})
    assert (export["format"], export["num_rows"], export["last_hit_id"]) == ("parquet", 2, 2)
    assert export["path"].endswith("Z-0.parquet")
    reply = download(api, export)
    assert reply["Content-Type"] == "application/vnd.apache.parquet"
    assert "Content-Encoding" not in reply
    assert export["hash"] == f"sha256-{hashlib.sha256(reply.body).hexdigest()}"
    first, second = table(api, export)
    line = lines(api, build(api, {"format": "ndjson"}))[0]
    assert list(first) == list(line)
    assert first == line | {"created_at": datetime(2019, 6, 18, 1, 2, 3, tzinfo=UTC)}
    assert (first["size"], first["event"], first["browser_version"]) == (390, False, "145")
    assert (second["event"], second["session"]) == (True, None)


def test_parquet_follows_the_cursor_and_the_span(api: ApiClient) -> None:
    for day in (1, 2, 3):
        count(api, {"path": f"/{day}", "created_at": f"2026-01-0{day}T00:00:00Z"})
    some = build(api, {"format": "parquet", "start_from_hit_id": 1, "end": "2026-01-03"})
    assert ([row["hit_id"] for row in table(api, some)], some["last_hit_id"]) == ([2], 3)
    none = build(api, {"format": "parquet", "start_from_hit_id": 3})
    assert (table(api, none), none["num_rows"], none["last_hit_id"]) == ([], 0, 3)


def test_parquet_is_the_sites_alone(api: ApiClient, stranger: ApiClient) -> None:
    count(stranger, {"path": "/theirs"})
    count(api, {"path": "/mine"})
    export = build(api, {"format": "parquet"})
    assert [row["path"] for row in table(api, export)] == ["/mine"]
    assert stranger.get(f"{URL}/{export['id']}/download").status_code == 404
    assert stranger.get(f"{URL}/{export['id']}").status_code == 404


def test_the_start_is_included_and_the_end_is_not(api: ApiClient) -> None:
    for day, moment in enumerate(["23:59:59", "00:00:00", "12:00:00", "23:59:59", "00:00:00"]):
        date = ("2026-01-30", "2026-01-31", "2026-01-31", "2026-01-31", "2026-02-01")[day]
        count(api, {"path": f"/{day}", "created_at": f"{date}T{moment}Z"})
    assert paths(api, start="2026-01-31", end="2026-02-01") == ["/1", "/2", "/3"]
    assert paths(api, start="2026-01-31T12:00:00Z") == ["/2", "/3", "/4"]
    assert paths(api, end="2026-01-31T13:00:00+01:00") == ["/0", "/1"]
    assert paths(api, start="2026-01-31T12:00:00.5Z", end="2026-01-31T23:59:59.5Z") == ["/3"]
    assert paths(api, start=None, end=None) == ["/0", "/1", "/2", "/3", "/4"]
    csv = build(api, {"start": "2026-01-31", "end": "2026-02-01"})
    assert (csv["num_rows"], gzip.decompress(download(api, csv).body).count(b"\n")) == (3, 4)


def test_an_export_shows_its_span_in_utc(api: ApiClient) -> None:
    shown = api.post(URL, {"start": "2026-01-31", "end": "2026-02-01T02:00:00+02:00"}).json()
    assert (shown["start"], shown["end"]) == ("2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z")
    assert list(shown).index("start") == 3
    assert "end" not in api.post(URL, {"start": "2026-01-31"}).json()


def test_the_cursor_counts_what_a_span_leaves_out_as_looked_at(api: ApiClient) -> None:
    """Else each sync would look again at all that the span leaves out; and nothing is skipped either."""
    span = {"start": "2026-01-01", "end": "2026-02-01"}
    count(api, {"path": "/in", "created_at": "2026-01-15T00:00:00Z"})
    count(api, {"path": "/out", "created_at": "2026-03-15T00:00:00Z"})
    first = build(api, {"format": "ndjson", **span})
    assert ([line["path"] for line in lines(api, first)], first["last_hit_id"]) == (["/in"], 2)
    count(api, {"path": "/late", "created_at": "2026-01-02T00:00:00Z"})  # older, and counted later
    second = build(api, {"format": "ndjson", "start_from_hit_id": 2, **span})
    assert ([line["path"] for line in lines(api, second)], second["last_hit_id"]) == (["/late"], 3)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "2026-02-30", "2026-1-1", "20260131", "2026-W05", "2026-01-31T00:00:00",
        "2026-01-31 00:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T00:00Z", "0001-01-01T00:00:00+14:00",
    ],
)  # fmt: skip
def test_a_time_is_rfc_3339_with_its_zone_or_a_day(api: ApiClient, text: str) -> None:
    for name in ("start", "end"):
        reply = api.post(URL, {name: text})
        assert reply.status_code == 400, text
        assert reply.json()["error"].startswith(f"{name} must be a day as 2026-01-31 or a time")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"start": "2026-01-31", "end": "2026-01-31"}, "start must be before end"),
        ({"start": 1}, "invalid JSON: start must be a text"),
        ({"format": "json"}, 'unknown format: "json"'),
        ({"format": "NDJSON"}, 'unknown format: "NDJSON"'),
    ],
)
def test_what_makes_no_sense_is_refused(api: ApiClient, body: object, error: str) -> None:
    reply = api.post(URL, body)
    assert (reply.status_code, reply.json()) == (400, {"error": error})


def test_an_empty_span_is_an_empty_file(api: ApiClient) -> None:
    count(api, {"path": "/now"})
    export = build(api, {"format": "ndjson", "end": "2001-01-01"})
    assert (lines(api, export), export["num_rows"], export["last_hit_id"]) == ([], 0, 1)
    assert export["hash"].startswith("sha256-")
    tasks.build(export["id"])
