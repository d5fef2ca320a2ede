"""Leases, turns and places: one worker at a time, one export of a site at a time, five at most."""

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import close_old_connections
from django.utils import timezone

from exports import bell, building, files, queries, services, writers
from exports.building import Lost, claim_export
from exports.models import Export, State
from goatapi.errors import TooMany
from sites.directory import directory
from sites.tenancy import SiteRef
from tests.client import ApiClient
from tests.make import Cast, Tenant, drain, make_cast

WORKERS = 6


def site_of(tenant: Tenant) -> SiteRef:
    """As requests see it."""
    site = directory().by_id(tenant.site.pk)
    assert site is not None
    return site


@pytest.fixture
def site(cast: Cast) -> SiteRef:
    """With three pageviews."""
    api = ApiClient(cast.owner)
    api.post("/api/v0/count", {"no_sessions": True, "hits": [{"path": f"/{n}"} for n in range(3)]})
    drain()
    return site_of(cast.owner)


@pytest.fixture
def clock() -> Iterator[Any]:
    """Time that stands still until it is shifted."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def stored(house: Path) -> list[Path]:
    """All files of the exports' folder."""
    return [path for path in (house / "exports").rglob("*") if path.is_file()]


def test_a_lapsed_lease_goes_to_the_next_and_the_first_publishes_nothing(
    house: Path, site: SiteRef, clock: Any
) -> None:
    export = services.start_export(site=site)
    slow = claim_export(export.pk, owner="slow")
    assert slow
    clock.shift(building.LEASE + timedelta(seconds=1))
    quick = claim_export(export.pk, owner="quick")
    assert quick
    with pytest.raises(Lost):
        slow.build(lambda: False)
    quick.build(lambda: False)
    export.refresh_from_db()
    assert (export.state, export.attempts) == (State.DONE, 2)
    (file,) = stored(house)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == export.sha256


def test_two_that_write_at_once_never_touch_each_others_file(
    house: Path, site: SiteRef, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first stalls in the middle of its file; the second builds all of it meanwhile."""
    export = services.start_export(site=site)
    slow = claim_export(export.pk, owner="slow")
    assert slow
    write = writers.write

    def stalling(target: Any, *arguments: Any, **named: Any) -> int:
        monkeypatch.setattr(writers, "write", write)
        target.write(b"half of it")
        clock.shift(building.LEASE + timedelta(seconds=1))
        assert services.build_export(export.pk, owner="quick")
        return write(target, *arguments, **named)

    monkeypatch.setattr(writers, "write", stalling)
    with pytest.raises(Lost):
        slow.build(lambda: False)
    slow.tidy_up()
    export.refresh_from_db()
    (file,) = stored(house)
    assert file.name == export.stored_as
    assert hashlib.sha256(file.read_bytes()).hexdigest() == export.sha256
    assert gzip.decompress(file.read_bytes()).count(b"\n") == 4


def test_what_a_killed_worker_left_half_written_goes_with_the_next_success(
    house: Path, site: SiteRef, clock: Any
) -> None:
    export = services.start_export(site=site)
    killed = claim_export(export.pk, owner="killed")
    assert killed
    folder = house / "exports" / str(site.id) / str(export.pk)
    folder.mkdir(parents=True)
    (folder / ".half").write_bytes(b"half of it")
    (folder / "whole-but-unpublished.csv.gz").write_bytes(b"nobody's")
    clock.shift(building.LEASE + timedelta(seconds=1))
    services.build_export(export.pk, owner="next")
    export.refresh_from_db()
    assert [file.name for file in stored(house)] == [export.stored_as]


def test_a_worker_that_goes_on_keeps_its_lease(site: SiteRef, clock: Any) -> None:
    export = services.start_export(site=site)
    claim = claim_export(export.pk, owner="steady")
    assert claim
    for rows in range(1, 12):
        clock.shift(building.HEARTBEAT)
        claim._progress(rows, rows)
        assert claim_export(export.pk, owner="other") is None
    export.refresh_from_db()
    assert export.num_rows == 11


def test_a_cancelled_export_stops_at_the_next_heartbeat(
    house: Path, site: SiteRef, clock: Any
) -> None:
    export = services.start_export(site=site)
    claim = claim_export(export.pk, owner="worker")
    assert claim
    services.cancel_export(site=site, export_id=export.pk)
    claim._progress(1, 1)
    clock.shift(building.HEARTBEAT)
    with pytest.raises(Lost):
        claim._progress(2, 2)
    claim.tidy_up()
    assert stored(house) == []


def test_a_worker_that_has_to_leave_gives_the_export_back(house: Path, site: SiteRef) -> None:
    export = services.start_export(site=site)
    assert services.build_export(export.pk, owner="leaving", stopping=lambda: True)
    export.refresh_from_db()
    assert (export.state, export.attempts, export.owner) == (State.QUEUED, 0, "")
    assert stored(house) == []
    assert services.build_export(export.pk, owner="next")


def test_one_export_of_a_site_runs_and_other_sites_are_not_held_up(cast: Cast) -> None:
    mine, theirs = site_of(cast.owner), site_of(cast.stranger)
    first, second = (services.start_export(site=mine).pk for _ in range(2))
    other = services.start_export(site=theirs).pk
    running = claim_export(first, owner="a")
    assert running
    assert claim_export(second, owner="b") is None
    waiting = queries.claimable(now=timezone.now()).values_list("pk", flat=True)
    assert list(waiting) == [other]
    assert claim_export(other, owner="c")
    running.build(lambda: False)
    assert claim_export(second, owner="b")


def test_the_index_refuses_what_the_condition_has_not_seen(
    site: SiteRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two claims in the same moment: neither sees the other as running."""
    first, second = (services.start_export(site=site).pk for _ in range(2))
    assert claim_export(first, owner="a")
    monkeypatch.setattr(queries, "claimable", lambda **_: Export.objects.order_by("pk"))
    assert claim_export(second, owner="b") is None
    assert Export.objects.get(pk=second).state == State.QUEUED


def test_the_site_that_is_free_again_is_rung_for(
    site: SiteRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", rung.append)
    first, second, third = (services.start_export(site=site).pk for _ in range(3))
    services.build_export(first, owner="a")
    assert rung == [second]
    services.build_export(third, owner="a")
    services.cancel_export(site=site, export_id=second)
    assert rung == [second, second]


def test_five_exports_of_a_site_may_wait_the_sixth_is_told_when_to_come_again(cast: Cast) -> None:
    api, stranger = ApiClient(cast.owner), ApiClient(cast.stranger)
    ids = [api.post("/api/v0/export").json()["id"] for _ in range(services.MAX_OPEN)]
    assert claim_export(ids[0], owner="a"), "a running one counts as well"
    refused = api.post("/api/v0/export")
    assert refused.status_code == 429
    assert refused["Retry-After"] == str(services.RETRY_AFTER)
    assert refused.json()["error"].startswith("5 exports of this site are waiting or running")
    assert Export.objects.filter(site=cast.owner.site).count() == services.MAX_OPEN
    assert stranger.post("/api/v0/export").status_code == 202
    assert api.send("DELETE", f"/api/v0/export/{ids[4]}").status_code == 204
    assert api.post("/api/v0/export").status_code == 202


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_get_five_places_and_one_turn() -> None:
    site = site_of(make_cast().owner)
    started = at_once(lambda _: services.start_export(site=site))
    assert [type(each) for each in started].count(TooMany) == WORKERS - services.MAX_OPEN
    ids = list(Export.objects.order_by("pk").values_list("pk", flat=True))
    assert len(ids) == services.MAX_OPEN
    claims = at_once(lambda n: claim_export(ids[n % len(ids)], owner=f"worker-{n}"))
    assert sum(claim is not None for claim in claims) == 1, claims
    assert Export.objects.filter(state=State.RUNNING).count() == 1


def at_once(work: Callable[[int], object]) -> list[object]:
    """What so many threads get that call `work` in the same moment; errors are results, too."""
    results: list[object] = [None] * WORKERS
    barrier = threading.Barrier(WORKERS)

    def run(number: int) -> None:
        barrier.wait(10)
        try:
            results[number] = work(number)
        except Exception as error:  # noqa: BLE001  # for the test to look at
            results[number] = error
        finally:
            close_old_connections()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_files_of_an_export_are_found_by_its_row_alone(house: Path, site: SiteRef) -> None:
    export = services.start_export(site=site)
    services.build_export(export.pk, owner="a")
    export.refresh_from_db()
    assert files.fetch(export).name == export.stored_as != export.file_name
    assert list(files.kept()) == [(site.id, export.pk)]
