"""Exports over HTTP: asked for, built, followed by a cursor, downloaded, removed, expired."""

import csv
import gzip
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from exports import building, files, services, tasks, writers
from exports.models import Export, State
from sites import keys
from tests.client import ApiClient
from tests.make import Cast, drain, make_key

URL = "/api/v0/export"
HEADER = (
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,"
    "Screen size,Location,FirstVisit,Date"
)


def count(api: ApiClient, *hits: dict[str, Any]) -> None:
    assert api.post("/api/v0/count", {"no_sessions": True, "hits": list(hits)}).status_code == 202
    drain()


def build(api: ApiClient, body: object = None) -> dict[str, Any]:
    """Start an export, have it built, and look at it."""
    started = api.post(URL, body)
    assert started.status_code == 202, started.content
    tasks.build(started.json()["id"])
    shown: dict[str, Any] = api.get(f"{URL}/{started.json()['id']}").json()
    return shown


def download(api: ApiClient, export: dict[str, Any]) -> Any:
    return api.get(f"{URL}/{export['id']}/download")


def rows(api: ApiClient, export: dict[str, Any]) -> list[list[str]]:
    text = gzip.decompress(download(api, export).body).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_new_export_is_waiting(api: ApiClient) -> None:
    reply = api.post(URL)
    assert reply.status_code == 202
    shown = reply.json()
    assert list(shown) == [
        "id", "site_id", "format", "last_hit_id", "path", "created_at", "finished_at",
        "num_rows", "size", "hash", "error",
    ]  # fmt: skip
    assert shown["format"] == "csv"
    assert shown["path"].startswith("goatcounter-export-owner-")
    assert shown["path"].endswith("Z-0.csv.gz")
    assert [
        shown[k] for k in ("finished_at", "last_hit_id", "num_rows", "size", "hash", "error")
    ] == [None] * 6
    waiting = api.get(f"{URL}/{shown['id']}/download")
    assert (waiting.status_code, waiting.json()) == (202, {"status": "still being generated"})


def test_a_file_is_csv_version_2_byte_for_byte(api: ApiClient) -> None:
    count(
        api,
        {
            "path": "/a,b",
            "title": 'Say "hi"',
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "ref": "https://news.ycombinator.com/item?id=1",
            "size": "1920,1080,1",
            "location": "US-TX",
            "created_at": "2019-06-18T00:00:00Z",
        },
        {"path": "asd", "event": True, "title": " x", "created_at": "2019-06-18T01:02:03Z"},
    )
    export = build(api)
    reply = download(api, export)
    assert reply.status_code == 200
    assert reply["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in reply
    assert reply["Content-Disposition"] == f'attachment; filename="{export["path"]}"'
    body = reply.body
    assert gzip.decompress(body).decode() == (
        HEADER + "\n"
        '"/a,b","Say ""hi""",0,,Firefox 145,Linux ,0-0,0,Hacker News,g,"1920,0,1",US-TX,1,'
        "2019-06-18T00:00:00Z\n"
        'asd,x,1,," "," ",0-0,0,,o,"0,0,1",,1,2019-06-18T01:02:03Z\n'
    )


def test_the_export_tells_rows_size_and_digest(api: ApiClient) -> None:
    import hashlib  # noqa: PLC0415

    count(api, *({"path": f"/{n}"} for n in range(7)))
    export = build(api)
    body = download(api, export).body
    assert (export["num_rows"], export["last_hit_id"], export["size"]) == (7, 7, "0.1")
    assert export["hash"] == f"sha256-{hashlib.sha256(body).hexdigest()}"
    assert export["finished_at"] is not None


def test_the_cursor_brings_what_is_new_and_nothing_twice(api: ApiClient) -> None:
    count(api, {"path": "/1"}, {"path": "/2"})
    first = build(api, {})
    count(api, {"path": "/3"})
    second = build(api, {"start_from_hit_id": first["last_hit_id"]})
    assert [row[0] for row in rows(api, second)[1:]] == ["/3"]
    assert second["path"].endswith("-2.csv.gz")
    assert (second["start_from_hit_id"], second["last_hit_id"]) == (2, 3)
    # To JSON Schema 3.0 is whole.
    third = build(api, {"format": "csv", "start_from_hit_id": 3.0})
    assert rows(api, third) == [HEADER.split(",")]
    assert (third["last_hit_id"], third["num_rows"]) == (3, 0)


def test_an_empty_export_has_its_header(api: ApiClient) -> None:
    export = build(api)
    assert rows(api, export) == [HEADER.split(",")]
    assert (export["last_hit_id"], export["num_rows"]) == (0, 0)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"format": "xml"}, 'unknown format: "xml"'),
        ({"format": 3}, "invalid JSON: format must be a text"),
        ({"start_from_hit_id": "1"}, "invalid JSON: start_from_hit_id must be a whole number"),
        ({"start_from_hit_id": 1.5}, "invalid JSON: start_from_hit_id must be a whole number"),
        ({"start_from_hit_id": True}, "invalid JSON: start_from_hit_id must be a whole number"),
        ({"start_from_hit_id": -1}, "start_from_hit_id must be a hit id, 0 or higher"),
        ({"start_from_hit_id": 2**63}, "start_from_hit_id must be a hit id, 0 or higher"),
        (
            {"start_from_day": "2020-01-01T00:00:00Z"},
            "start_from_day is only valid for JSON exports",
        ),
        ({"nonsense": 1}, 'unknown parameter: "nonsense"'),
        ([], "invalid JSON: the body must be an object"),
        (b"{{{", "invalid JSON: "),
    ],
)
def test_a_wrong_request_is_refused(api: ApiClient, body: object, error: str) -> None:
    reply = api.post(URL, body)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(error)
    assert not Export.objects.exists()


@pytest.mark.parametrize("export_id", ["x", "-1", "2147483648", "1.0", "９"])
def test_an_id_is_a_whole_number(api: ApiClient, export_id: str) -> None:
    reply = api.get(f"{URL}/{export_id}")
    assert reply.status_code == 400
    assert reply.json() == {"errors": {"id": ["must be a whole number"]}}


def test_the_list_is_newest_first_and_goes_on(api: ApiClient, stranger: ApiClient) -> None:
    ids = [api.post(URL).json()["id"] for _ in range(3)]
    stranger.post(URL)
    page = api.get(f"{URL}?limit=2").json()
    assert [export["id"] for export in page["exports"]] == [ids[2], ids[1]]
    assert page["more"] is True
    rest = api.get(f"{URL}?limit=2&before={ids[1]}").json()
    assert [export["id"] for export in rest["exports"]] == [ids[0]]
    assert rest["more"] is False
    assert api.get(f"{URL}?x=1").json() == {"error": 'unknown parameter: "x"'}


@pytest.mark.parametrize("text", ["", "x", "1.0", "+5", "%205", "1_0", "٣", str(2**63)])
def test_a_page_is_asked_for_by_whole_numbers(api: ApiClient, text: str) -> None:
    for name in ("limit", "before"):
        reply = api.get(f"{URL}?{name}={text}")
        assert reply.status_code == 400
        assert reply.json() == {"error": f"invalid query parameters: {name} must be a whole number"}


def test_deleting_cancels_and_removes(api: ApiClient) -> None:
    export = build(api)
    assert api.send("DELETE", f"{URL}/{export['id']}").status_code == 204
    assert api.get(f"{URL}/{export['id']}").status_code == 404
    assert list(files.kept()) == []
    waiting = api.post(URL).json()["id"]
    api.send("DELETE", f"{URL}/{waiting}")
    tasks.build(waiting)  # the bell that was still on its way
    assert list(files.kept()) == []


def test_cancelling_a_running_export_stops_it(api: ApiClient, monkeypatch: Any) -> None:
    count(api, {"path": "/1"})
    waiting = api.post(URL).json()["id"]
    write = writers.write

    def cancelled_meanwhile(*arguments: Any, **named: Any) -> Any:
        result = write(*arguments, **named)
        api.send("DELETE", f"{URL}/{waiting}")
        return result

    monkeypatch.setattr(writers, "write", cancelled_meanwhile)
    tasks.build(waiting)
    assert api.get(f"{URL}/{waiting}").status_code == 404
    assert list(files.kept()) == []


def test_a_failed_export_says_so_and_the_documented_loop_ends(
    api: ApiClient, monkeypatch: Any
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise OSError("no space left on the device of a server path")

    monkeypatch.setattr(writers, "write", broken)
    export_id = api.post(URL).json()["id"]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(building.MAX_ATTEMPTS):
            assert api.get(f"{URL}/{export_id}").json()["finished_at"] is None
            tasks.build(export_id)
            tasks.build(export_id)  # too early: each attempt waits longer than the last
            clock.shift(31)
    shown = api.get(f"{URL}/{export_id}").json()
    assert shown["finished_at"] is not None
    assert shown["error"] == "the export could not be built (OSError); please start a new one"
    reply = api.get(f"{URL}/{export_id}/download")
    assert (reply.status_code, reply.json()) == (400, {"error": shown["error"]})


def test_building_twice_is_building_once(api: ApiClient) -> None:
    count(api, {"path": "/1"})
    export = build(api)
    count(api, {"path": "/2"})
    tasks.build(export["id"])
    assert api.get(f"{URL}/{export['id']}").json() == export


def test_what_a_dead_worker_left_is_taken_up_again(api: ApiClient) -> None:
    export_id = api.post(URL).json()["id"]
    Export.objects.filter(pk=export_id).update(
        state=State.RUNNING, owner="gone", lease_until=timezone.now() + timedelta(seconds=9)
    )
    tasks.build(export_id)
    assert Export.objects.get(pk=export_id).owner == "gone"
    Export.objects.filter(pk=export_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.build(export_id)
    assert Export.objects.get(pk=export_id).state == State.DONE


def test_an_export_that_kills_its_workers_is_given_up(api: ApiClient) -> None:
    export_id = api.post(URL).json()["id"]
    Export.objects.filter(pk=export_id).update(attempts=building.MAX_ATTEMPTS)
    tasks.build(export_id)
    shown = api.get(f"{URL}/{export_id}").json()
    assert shown["finished_at"] is not None
    assert shown["error"].startswith("the export could not be built")


def test_files_are_kept_for_24_hours(api: ApiClient) -> None:
    export = build(api)
    services.expire(now=timezone.now() + timedelta(hours=23))
    assert download(api, export).status_code == 200
    services.expire(now=timezone.now() + timedelta(hours=25))
    reply = download(api, export)
    assert reply.status_code == 410
    assert reply.json() == {
        "error": "exports are kept for 24 hours; this export file has been deleted"
    }
    assert list(files.kept()) == []
    assert api.get(f"{URL}/{export['id']}").status_code == 200


def test_files_without_an_export_are_swept_away(api: ApiClient) -> None:
    export = build(api)
    Export.objects.all().delete()
    services.expire(now=timezone.now())
    assert list(files.kept()) == []
    assert api.get(f"{URL}/{export['id']}").status_code == 404


def test_exporting_needs_the_permission(api: ApiClient) -> None:
    api.key = make_key(api.tenant.site, api.tenant.user, keys.COUNT)
    for reply in (api.get(URL), api.post(URL), api.get(f"{URL}/1"), api.get(f"{URL}/1/download")):
        assert (reply.status_code, reply.json()) == (
            403,
            {"error": "requires 'export' permissions"},
        )


def test_a_strangers_export_is_not_there(cast: Cast, api: ApiClient, stranger: ApiClient) -> None:
    export = build(api)
    for path in (f"{URL}/{export['id']}", f"{URL}/{export['id']}/download"):
        assert stranger.get(path).status_code == 404
        assert stranger.at(cast.owner).get(path).status_code == 401
    assert stranger.send("DELETE", f"{URL}/{export['id']}").status_code == 404
    assert download(api, export).status_code == 200


def test_an_export_holds_only_its_own_sites_hits(api: ApiClient, stranger: ApiClient) -> None:
    count(api, {"path": "/mine"})
    count(stranger, {"path": "/theirs"}, {"path": "/theirs2"})
    assert [row[0] for row in rows(api, build(api))[1:]] == ["/mine"]
    assert [row[0] for row in rows(stranger, build(stranger))[1:]] == ["/theirs", "/theirs2"]
