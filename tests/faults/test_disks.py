"""A disk that is full, and one that turns read-only, under each of the folders."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults import LONG
from tests.faults.conftest import Serve, load_on
from tests.faults.disks import Disk, small_disk
from tests.faults.services import Kind, Service
from tests.faults.test_bounds import drain_stopped
from tests.live.server import wait_until

FSYNC = Kind("SQLite", "fsync")
UNDER_THE_JOURNAL = "data/journal"
UNDER_ALL = "data"
UNDER_EXPORTS = "exports"

MakeDisk = Callable[[str], Disk]


@pytest.fixture
def make_disk(tmp_path: Path) -> Iterator[MakeDisk]:
    """Mounts small disks below the test's folder; to be asked before the service is."""
    with ExitStack() as stack:

        def make(place: str) -> Disk:
            return stack.enter_context(small_disk(tmp_path / "image", tmp_path / place))

        yield make


@pytest.mark.parametrize("place", [UNDER_THE_JOURNAL, UNDER_ALL])
def test_on_a_full_disk_pageviews_are_refused_and_none_is_lost(
    place: str, make_disk: MakeDisk, serve: Serve, tmp_path: Path
) -> None:
    disk = make_disk(place)
    service = serve(folder=tmp_path)
    with load_on(service) as load:
        load.goes_on()
        disk.fill()
        load.is_refused()
        assert service.server.answers()
        disk.free()
        load.goes_on()
        load.judge()


@pytest.mark.parametrize("place", [UNDER_THE_JOURNAL, UNDER_ALL] if LONG else [UNDER_ALL])
def test_on_a_disk_that_turns_read_only_pageviews_are_refused_and_after_its_repair_none_is_lost(
    place: str, make_disk: MakeDisk, serve: Serve, tmp_path: Path
) -> None:
    """Nothing is on its way at that very moment: ext4 itself may say that it has synced then, and has not."""
    disk = make_disk(place)
    service = serve(FSYNC, tmp_path)
    with load_on(service) as before:
        before.goes_on()
        with drain_stopped(service):
            before.goes_on()
            before.stop()
            disk.fail()
            with load_on(service) as load:
                load.is_refused()
                assert service.server.answers()
                stand_by_while_mended(service, disk)
                load.goes_on()
                load.stop()
                load.doubt_refusals()
                load.clients += before.clients
                load.judge()


def stand_by_while_mended(service: Service, disk: Disk) -> None:
    """The machine is taken out of service for it."""
    service.server.kill()
    disk.mend()
    service.server.start()


def test_an_export_that_meets_a_full_disk_is_built_once_there_is_room(
    make_disk: MakeDisk, serve: Serve, tmp_path: Path
) -> None:
    disk = make_disk(UNDER_EXPORTS)
    service = serve(folder=tmp_path, EXPORT_STORAGE_URL=f"file://{tmp_path}/exports")
    with load_on(service) as load:
        load.goes_on()
        disk.fill()
        export = ask_for_export(service)
        wait_until(lambda: "No space left on device" in service.server.said(), service.warnings)
        load.goes_on()
        disk.free()
        assert service.site.finished(export)[0]
        load.judge()
    assert names(tmp_path / UNDER_EXPORTS) == stored(service)


@pytest.mark.skipif(not LONG, reason="its like for a full disk stands for it: FAULTS=long")
def test_an_export_that_meets_a_read_only_disk_is_built_after_its_repair(
    make_disk: MakeDisk, serve: Serve, tmp_path: Path
) -> None:
    disk = make_disk(UNDER_EXPORTS)
    service = serve(folder=tmp_path, EXPORT_STORAGE_URL=f"file://{tmp_path}/exports")
    with load_on(service) as load:
        load.goes_on()
        disk.fail()
        export = ask_for_export(service)
        wait_until(lambda: "Read-only file system" in service.server.said(), service.warnings)
        load.goes_on()
        stand_by_while_mended(service, disk)
        assert service.site.finished(export)[0]
        load.judge()
    assert names(tmp_path / UNDER_EXPORTS) == stored(service)


def ask_for_export(service: Service) -> int:
    """Its id."""
    asked = service.site.post("/api/v0/export")
    assert asked.status_code == 202, asked.text
    return int(asked.json()["id"])


def names(folder: Path) -> list[str]:
    """Of all files in it."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def stored(service: Service) -> list[str]:
    """The files of all exports that are done."""
    rows = service.query("SELECT stored_as FROM exports_export WHERE state = 'done'")
    return sorted(name for (name,) in rows)
