"""Several hosts on one database: each keeps its files where the others find them, or does not start."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from exports import hosts
from exports.models import Host
from goatapi.env import BadEnvironment, read


@pytest.fixture(autouse=True)
def several(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that hosts can share."""
    monkeypatch.setattr(hosts, "shares_database", lambda: True)


def on_host(settings: Any, folder: Path, name: str, *, shared: bool) -> None:
    """From here on this is that host."""
    (folder / name).mkdir(exist_ok=True)
    settings.ENVIRONMENT = replace(
        settings.ENVIRONMENT, data_dir=folder / name, export_storage_shared=shared
    )


def test_one_host_may_keep_its_files_to_itself_and_start_again(
    settings: Any, tmp_path: Path
) -> None:
    on_host(settings, tmp_path, "one", shared=False)
    assert [hosts.enter() for _ in range(3)] == ["", "", ""]
    assert Host.objects.count() == 1


@pytest.mark.parametrize(("one", "two"), [(False, False), (False, True), (True, False)])
def test_a_second_host_does_not_start_unless_both_share_their_files(
    settings: Any, tmp_path: Path, one: bool, two: bool
) -> None:
    on_host(settings, tmp_path, "one", shared=one)
    assert hosts.enter() == ""
    on_host(settings, tmp_path, "two", shared=two)
    reason = hosts.enter()
    assert "another host" in reason
    assert "set EXPORT_STORAGE_URL" in reason
    assert "\n" not in reason
    assert Host.objects.count() == 1, "who is refused does not keep the first from coming back"
    on_host(settings, tmp_path, "one", shared=one)
    assert hosts.enter() == ""


def test_hosts_that_share_their_files_may_be_many(settings: Any, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        on_host(settings, tmp_path, name, shared=True)
        assert hosts.enter() == ""


def test_a_host_unseen_for_minutes_may_be_replaced(settings: Any, tmp_path: Path) -> None:
    on_host(settings, tmp_path, "one", shared=False)
    hosts.enter()
    on_host(settings, tmp_path, "two", shared=False)
    with time_machine.travel(timezone.now() + hosts.SEEN - timedelta(seconds=5)):
        assert hosts.enter()
    with time_machine.travel(timezone.now() + hosts.SEEN + timedelta(seconds=5)):
        assert hosts.enter() == ""


def test_a_host_that_runs_is_seen_every_minute(settings: Any, tmp_path: Path) -> None:
    on_host(settings, tmp_path, "one", shared=False)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        hosts.turn()
        on_host(settings, tmp_path, "two", shared=False)
        assert hosts.enter()


@pytest.mark.parametrize(
    ("url", "backend", "options"),
    [
        (
            "s3://key:se%2Fcret@s3.example.com/bucket",
            "BucketStorage",
            {
                "access_key": "key",
                "secret_key": "se/cret",
                "endpoint_url": "https://s3.example.com",
                "region_name": "us-east-1",
                "bucket_name": "bucket",
                "location": "",
            },
        ),
        (
            "s3://127.0.0.1:9000/bucket/a/b/?region=eu-1&scheme=http",
            "BucketStorage",
            {
                "access_key": None,
                "secret_key": None,
                "endpoint_url": "http://127.0.0.1:9000",
                "region_name": "eu-1",
                "bucket_name": "bucket",
                "location": "a/b",
            },
        ),
    ],
)
def test_a_storage_is_named_by_its_url(
    tmp_path: Path, url: str, backend: str, options: dict[str, object]
) -> None:
    environment = read({"GOATAPI_DATA_DIR": str(tmp_path), "EXPORT_STORAGE_URL": url})
    assert environment.export_storage_shared
    assert environment.export_storage["BACKEND"].endswith(backend)
    assert environment.export_storage["OPTIONS"] == options


def test_a_folder_is_named_by_its_url_and_made(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/my%20exports"
    environment = read({"GOATAPI_DATA_DIR": str(tmp_path), "EXPORT_STORAGE_URL": url})
    assert environment.export_storage_shared
    assert environment.export_storage["OPTIONS"] == {"location": f"{tmp_path}/my exports"}
    assert (tmp_path / "my exports").is_dir()


@pytest.mark.parametrize(
    "url",
    [
        "/srv/exports", "file://srv/exports", "file:relative", "ftp://host/x", "s3://host", "s3:///bucket",
        "s3://secret-key@host/bucket", "s3://k:secret@host/b?scheme=ftp", "s3://k:secret@host/b?acl=public",
        "s3://k:secret@host:port/b", "s3://k:secret@[host/b",
    ],
)  # fmt: skip
def test_a_bad_storage_stops_the_start_with_a_sentence_that_holds_no_secret(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(BadEnvironment) as refused:
        read({"GOATAPI_DATA_DIR": str(tmp_path), "EXPORT_STORAGE_URL": url})
    assert "EXPORT_STORAGE_URL" in str(refused.value)
    assert "secret@" not in str(refused.value)


def test_without_a_url_files_are_in_the_data_folder(tmp_path: Path) -> None:
    environment = read({"GOATAPI_DATA_DIR": str(tmp_path)})
    assert environment.export_storage["OPTIONS"] == {"location": str(tmp_path / "exports")}
    assert not environment.export_storage_shared
