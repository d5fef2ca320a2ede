"""Export files in an S3-compatible bucket, against a real server on a socket."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from exports import bucket, building, files, services
from exports.building import Lost, claim_export
from exports.files import Shelf
from exports.models import Export, State
from goatapi import object_storage
from goatapi.errors import Unavailable
from tests.client import ApiClient
from tests.s3 import PrivateS3

HOUR = 3600


@pytest.fixture(scope="module")
def running() -> Iterator[PrivateS3]:
    """A server for all of these tests."""
    with PrivateS3() as server:
        yield server


@pytest.fixture
def s3(running: PrivateS3, settings: Any) -> PrivateS3:
    """That server, empty, as the storage of exports."""
    running.bucket().objects.delete()
    settings.STORAGES = settings.STORAGES | {"exports": object_storage.parse(running.url)}
    return running


def finished(api: ApiClient, format: str = "csv") -> Export:
    """An export that was built."""
    export_id = api.post("/api/v0/export", {"format": format}).json()["id"]
    services.build_export(export_id, owner="worker")
    return Export.objects.get(pk=export_id)


def get(api: ApiClient, export: Export, **headers: str) -> Any:
    return api.get(f"/api/v0/export/{export.pk}/download", **headers)


def copies(house: Path) -> list[Path]:
    """Files that lie on this host."""
    return [path for path in house.rglob("exports*/**/*") if path.is_file()]


def test_a_file_is_uploaded_whole_and_downloads_are_its_bytes(
    s3: PrivateS3, api: ApiClient, house: Path
) -> None:
    export = finished(api)
    key = f"goat/{export.site_id}/{export.pk}/{export.stored_as}"
    assert s3.names() == [key]
    stored = s3.bucket().Object(key).get()
    content = stored["Body"].read()
    assert hashlib.sha256(content).hexdigest() == export.sha256
    assert stored["ContentType"] == "application/gzip"
    assert "ContentEncoding" not in stored
    for path in copies(house):  # as on a host that has not built it
        path.unlink()
    whole, part = get(api, export), get(api, export, Range="bytes=5-20")
    assert (whole.status_code, whole.body) == (200, content)
    assert (part.status_code, part.body) == (206, content[5:21])
    assert [path.name for path in copies(house)] == [export.stored_as]


def test_each_format_is_kept_under_its_type(s3: PrivateS3, api: ApiClient) -> None:
    types = {}
    for format in ("csv", "ndjson", "parquet"):
        export = finished(api, format)
        stored = s3.bucket().Object(f"goat/{export.site_id}/{export.pk}/{export.stored_as}").get()
        assert "ContentEncoding" not in stored
        types[format] = stored["ContentType"]
    lines = dict.fromkeys(("csv", "ndjson"), "application/gzip")
    assert types == lines | {"parquet": "application/vnd.apache.parquet"}


def test_a_large_file_goes_up_in_parts_and_keeps_its_lease(
    s3: PrivateS3, api: ApiClient, house: Path
) -> None:
    shelf, beats, content = files.shelf(), [], os.urandom(2 * bucket.PART + 1000)
    shelf.work.unfinished("1/2/large").write_bytes(content)
    shelf.keep("1/2/large", lambda: beats.append(1))
    assert len(beats) >= 3
    stored = s3.bucket().Object("goat/1/2/large")
    assert stored.e_tag.endswith('-3"'), "three parts"
    assert stored.get()["Body"].read() == content
    assert shelf.fetch("1/2/large", len(content)).read_bytes() == content


def test_an_upload_whose_export_is_cancelled_leaves_nothing(
    s3: PrivateS3, api: ApiClient, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "HEARTBEAT", timedelta(0))
    export_id = api.post("/api/v0/export").json()["id"]
    claim = claim_export(export_id, owner="worker")
    assert claim
    save = bucket.BucketStorage.save

    def cancelled_meanwhile(*arguments: Any) -> Any:
        assert api.send("DELETE", f"/api/v0/export/{export_id}").status_code == 204
        return save(*arguments)

    monkeypatch.setattr(bucket.BucketStorage, "save", cancelled_meanwhile)
    with pytest.raises(Lost):
        claim.build(lambda: False)
    claim.tidy_up()
    assert (s3.names(), copies(house)) == ([], [])


def test_what_expires_is_deleted_there_and_here(s3: PrivateS3, api: ApiClient, house: Path) -> None:
    export = finished(api)
    s3.bucket().put_object(Key="goat/77/88/orphan.csv.gz", Body=b"of no export")
    s3.bucket().put_object(Key="other/readme", Body=b"not ours")
    services.expire(now=timezone.now() + timedelta(hours=25))
    assert s3.names() == ["other/readme"]
    assert copies(house) == []
    assert get(api, export).status_code == 410


def test_a_file_is_fetched_once_however_many_ask(
    s3: PrivateS3, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.bucket().put_object(Key="goat/1/2/wanted", Body=b"x" * 1000)
    shelf, fetched = files.shelf(), []
    download = bucket.BucketShelf._download

    def slow(self: Any, *arguments: Any) -> None:
        fetched.append(1)
        time.sleep(0.1)
        download(self, *arguments)

    monkeypatch.setattr(bucket.BucketShelf, "_download", slow)
    paths = [path for path in in_threads(shelf, 2) if isinstance(path, Path)]
    assert [path.read_bytes() for path in paths] == [b"x" * 1000] * 2
    assert fetched == [1]


def test_those_who_would_wait_too_many_are_told_to_come_again(
    s3: PrivateS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.bucket().put_object(Key="goat/1/2/wanted", Body=b"x" * 1000)
    shelf, go_on = files.shelf(), threading.Event()
    download = bucket.BucketShelf._download

    def waiting(self: Any, *arguments: Any) -> None:
        go_on.wait(10)
        download(self, *arguments)

    monkeypatch.setattr(bucket.BucketShelf, "_download", waiting)
    threading.Timer(0.5, go_on.set).start()
    results = in_threads(shelf, 4)
    assert sum(isinstance(each, Path) for each in results) == 2
    assert sum(isinstance(each, Unavailable) for each in results) == 2


def in_threads(shelf: Shelf, number: int) -> list[object]:
    """What so many get that ask for one file at the same time."""
    results: list[object] = []

    def fetch() -> None:
        try:
            results.append(shelf.fetch("1/2/wanted", 1000))
        except Unavailable as error:
            results.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


def test_copies_are_bounded_and_the_longest_unused_goes_first(
    s3: PrivateS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "CACHE_MAX", 2500)
    shelf = files.shelf()
    paths = []
    for n in range(3):
        s3.bucket().put_object(Key=f"goat/1/{n}/file", Body=b"x" * 1000)
    for n in range(2):
        paths.append(shelf.fetch(f"1/{n}/file", 1000))
    with pytest.raises(Unavailable):  # both may still be on their way out
        shelf.fetch("1/2/file", 1000)
    for path, hours in zip(paths, (1, 2), strict=True):
        os.utime(path, (time.time() - hours * HOUR,) * 2)
    assert shelf.fetch("1/2/file", 1000).stat().st_size == 1000
    assert [path.exists() for path in paths] == [True, False]


def test_copies_nobody_asks_for_are_cleaned_away(s3: PrivateS3, house: Path) -> None:
    shelf = files.shelf()
    s3.bucket().put_object(Key="goat/1/1/file", Body=b"x" * 1000)
    old = shelf.fetch("1/1/file", 1000)
    half = shelf.work.unfinished("1/9/broken-off")
    half.write_bytes(b"half")
    files.clean()
    assert len(copies(house)) == 2
    for path in (old, half):
        os.utime(path, (time.time() - bucket.IDLE_SECONDS - 1,) * 2)
    files.clean()
    assert copies(house) == []


def test_a_file_cut_short_is_never_served(s3: PrivateS3, api: ApiClient, house: Path) -> None:
    export = finished(api)
    for path in copies(house):
        path.unlink()
    s3.bucket().put_object(Key=s3.names()[0], Body=b"half of it")
    reply = get(api, export)
    assert (reply.status_code, "error" in reply.json()) == (503, True)
    assert not [path for path in copies(house) if not path.name.startswith(".")]


def test_a_server_that_is_away_costs_a_try_and_is_told_as_such(
    api: ApiClient, house: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PrivateS3() as away:
        settings.STORAGES = settings.STORAGES | {"exports": object_storage.parse(away.url)}
        export = finished(api)
    for path in copies(house):
        path.unlink()
    reply = get(api, export)
    assert (reply.status_code, reply["Retry-After"]) == (503, "5")
    assert "does not answer" in reply.json()["error"]
    waiting = finished(api)
    assert (waiting.state, waiting.attempts) == (State.QUEUED, 1)
    assert api.send("DELETE", f"/api/v0/export/{waiting.pk}").status_code == 204


def test_the_doctor_sees_what_is_in_the_bucket_and_what_is_not(
    s3: PrivateS3, api: ApiClient, house: Path
) -> None:
    export = finished(api)
    assert files.size_of(export) == export.size_bytes
    s3.bucket().objects.delete()
    assert files.size_of(export) is None
    assert services.give_up_lost() == 1
    assert get(api, export).status_code == 410
    s3.bucket().put_object(Key="goat/1/99999/file", Body=b"x")
    now = timezone.now()
    assert files.orphans(before=now - timedelta(minutes=1)) == []
    assert services.remove_orphans(before=now + timedelta(minutes=1)) == 1
    assert "goat/1/99999/file" not in s3.names()
