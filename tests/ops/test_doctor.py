"""Every finding of the doctor, by really damaging a house; then mended, and found well."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.db import connections  # noqa: TID251  # what is stored is damaged here
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from exports import services
from exports.models import Export, State
from hits import collect, records, runtime
from hits.backlog import Backlog
from hits.records import Frame, Hit
from hits.segments import pack
from ops.checks import host_backlog
from storage.registry import storage
from storage.router import vault_alias
from storage.types import ROLLUPS
from tests.client import ApiClient
from tests.live.server import ROOT, bare_environment
from tests.make import Cast, drain, stored
from tests.ports import free_port

NOW = int(timezone.now().timestamp())


class Told(NamedTuple):
    """What the doctor said."""

    code: int
    mended: list[str]
    findings: list[dict[str, str]]

    @property
    def texts(self) -> list[str]:
        """Check, level and place of each."""
        return [f"{each['check']} {each['level']} {each['where']}" for each in self.findings]


def doctor(*mend: str) -> Told:
    """Ask the doctor."""
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", *(f"--mend={name}" for name in mend), stdout=out)
    said = json.loads(out.getvalue())
    assert said["status"] == ("fine", "warning", "damage")[int(str(ended.value.code))]
    return Told(int(str(ended.value.code)), said["mended"], said["findings"])


@pytest.fixture
def running(house: Path, settings: Any) -> Iterator[Backlog]:
    """A drain that holds its lock, and room on the disk."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, journal_max=1 << 20)
    backlog = host_backlog()
    assert backlog.claim()
    yield backlog
    os.close(backlog._lock)


@pytest.fixture
def well(running: Backlog, cast: Cast, api: ApiClient, stranger: ApiClient) -> Cast:
    """Two tenants with pageviews and an export each, all in order."""
    for client in (api, stranger):
        hits = [{"path": f"/{n}", "user_agent": "Mozilla/5.0 Firefox/145.0"} for n in range(5)]
        sent = client.post("/api/v0/count", {"no_sessions": True, "hits": hits})
        assert sent.status_code == 202, sent.body
    drain()
    for client in (api, stranger):
        built(client)
    return cast


def built(client: ApiClient) -> Export:
    """A finished export."""
    export_id = client.post("/api/v0/export").json()["id"]
    assert services.build_export(export_id, owner="host/worker")
    return Export.objects.get(pk=export_id)


def segment(backlog: Backlog, name: str, *items: bytes) -> Path:
    """A dead writer's segment."""
    path = backlog._folder / f"{backlog._host}.{name}.00000001.seg"
    path.write_bytes(b"".join(items))
    return path


def record(cast: Cast, *hits: Hit, at: int = NOW) -> bytes:
    """A record of the owner's site."""
    return pack(records.encode(Frame(cast.owner.site.pk, at, list(hits))))


def damage(sql: str, *values: int) -> None:
    """Change what is stored behind the service's back."""
    with connections[vault_alias()].cursor() as cursor:
        cursor.execute(sql, values)


def test_a_house_in_order_is_found_well(well: Cast) -> None:
    assert doctor() == Told(0, [], [])
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    assert out.getvalue() == "all is well\n"


def test_without_a_drain_it_warns(db: None, house: Path, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, journal_max=1 << 20)
    told = doctor()
    assert (told.code, told.texts) == (1, ["drain warning journal/drain.lock"])


def test_a_disk_with_less_room_than_the_journal_may_take_is_a_warning(
    well: Cast, settings: Any
) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, journal_max=1 << 60)
    told = doctor()
    assert (told.code, told.findings[0]["check"]) == (1, "disk")


def test_migrations_that_are_missing_are_found(well: Cast) -> None:
    MigrationRecorder(connections["default"]).record_unapplied("ops", "0001_initial")
    told = doctor()
    assert (told.code, told.texts) == (2, ["migrations damage default"])


@pytest.mark.parametrize("rollup", ROLLUPS)
def test_a_rollup_that_differs_from_the_rows_is_found_and_mended(
    rollup: str, well: Cast, api: ApiClient
) -> None:
    site = well.owner.site.pk
    if rollup == "campaign_stats":  # nobody came by a campaign
        damage("INSERT INTO campaign_stats VALUES (%s, 1, 1, 1, 1, 1)", site)
    elif rollup == "system_stats":
        damage("INSERT INTO system_stats (site_id, hour, path_id, system_id, count)"
               " VALUES (%s, 1, 1, 1, 1)", site)  # fmt: skip
    else:
        damage(f"UPDATE {rollup} SET count = count + 1 WHERE site_id = %s AND path_id = 1", site)  # noqa: S608  # our own names
    told = doctor()
    assert (told.code, told.texts) == (2, [f"rollups damage site {site}"])
    assert told.findings[0]["what"].startswith(f"{rollup} differ from the rows in 1 hours")
    mended = doctor("rollups")
    assert (mended.code, len(mended.mended)) == (0, 1)
    assert storage().vault.visits(site, path="/1", since=0, before=2**31 - 1) == 1


def test_rollups_that_rows_can_not_tell_are_left(well: Cast) -> None:
    site = well.owner.site.pk
    damage("DELETE FROM hits WHERE site_id = %s AND hit_id = 2", site)
    told = doctor("rollups")
    assert told.mended == [
        f"the rollups of site {site} are left: not all of its pageviews have rows"
    ]
    assert told.texts == [f"ledger damage site {site}", f"rollups damage site {site}"]
    assert "the first is 2" in told.findings[0]["what"]


def test_a_site_that_keeps_no_rows_is_in_order(
    running: Backlog, cast: Cast, api: ApiClient
) -> None:
    cast.owner.site.collect &= ~collect.PAGEVIEWS
    cast.owner.site.save()
    api.post("/api/v0/count", {"no_sessions": True, "hits": [{"path": "/1"}]})
    drain()
    census = storage().audit.census(cast.owner.site.pk)
    assert doctor().texts == []
    assert (census.rows, census.counted) == (0, 1)


def test_a_ledger_behind_its_rows_is_found(well: Cast) -> None:
    site = well.owner.site.pk
    damage("UPDATE site_ledger SET last_hit_id = 4 WHERE site_id = %s", site)
    told = doctor()
    assert (told.code, told.texts[0]) == (2, f"ledger damage site {site}")


def test_poison_in_quarantine_is_a_warning_until_it_is_fed_back(
    well: Cast, running: Backlog
) -> None:
    segment(running, "p", record(well, Hit("/good"), Hit("/bad", created_at=2**63)))
    drain()
    told = doctor()
    [finding] = told.findings
    assert (told.code, finding["check"]) == (1, "quarantine")
    assert "1 records with 1 pageviews" in finding["what"]
    [kept] = running.kept.files()
    kept.path.write_bytes(record(well, Hit("/cured")))  # as a version would that stores it
    told = doctor("quarantine")
    assert told.mended == [f"{kept.path.name} is fed back, with 1 pageviews"]
    assert (told.code, told.findings) == (0, [])
    paths = [hit.path for hit in stored(well.owner.site)]
    assert (paths.count("/good"), paths.count("/cured")) == (1, 1)
    assert doctor("quarantine").mended == []


def test_a_damaged_range_is_found_before_and_after_the_drain_has_met_it(
    well: Cast, running: Backlog
) -> None:
    path = segment(running, "d", record(well, Hit("/a")), b"garbage", record(well, Hit("/b")))
    told = doctor()
    assert (told.code, told.texts) == (2, [f"journal damage {path.name}"])
    start = len(record(well, Hit("/a")))
    assert told.findings[0]["what"] == f"bytes {start} to {start + 7} are no record"
    drain()
    told = doctor("quarantine")
    assert told.mended == [f"{path.name}.{start}-{start + 7} is left: it is damaged"]
    assert (told.code, told.texts) == (2, [f"quarantine damage {path.name}.{start}-{start + 7}"])
    assert {"/a", "/b"} <= {hit.path for hit in stored(well.owner.site)}


def test_a_torn_tail_is_nobodys_damage(well: Cast, running: Backlog) -> None:
    segment(running, "t", record(well, Hit("/a")), record(well, Hit("/torn"))[:-1])
    assert doctor().findings == []


def test_a_segment_that_was_cut_behind_the_drains_back_is_found(
    well: Cast, running: Backlog
) -> None:
    path = segment(running, "c", record(well, Hit("/a")))
    with storage().ledger.begin() as tx:
        tx.move(path.name, 10_000)
    told = doctor()
    assert (told.code, told.texts) == (2, [f"journal damage {path.name}"])


def test_records_that_wait_too_long_are_a_warning(well: Cast, running: Backlog) -> None:
    segment(running, "o", record(well, Hit("/a"), at=NOW - 3600))
    told = doctor()
    assert (told.code, told.texts) == (1, ["journal warning journal"])
    drain()
    assert doctor().code == 0


def test_an_export_without_its_worker_is_found_and_queued_again(well: Cast, api: ApiClient) -> None:
    export_id = api.post("/api/v0/export").json()["id"]
    gone = timezone.now() - timedelta(minutes=2)
    Export.objects.filter(pk=export_id).update(
        state=State.RUNNING, owner="host/dead", lease_until=gone
    )
    told = doctor()
    assert (told.code, told.texts) == (1, [f"exports warning export {export_id}"])
    assert doctor("exports").code == 0
    assert services.build_export(export_id, owner="host/alive")
    assert Export.objects.get(pk=export_id).state == State.DONE


def test_an_export_that_nobody_builds_is_a_warning(well: Cast, api: ApiClient) -> None:
    export_id = api.post("/api/v0/export").json()["id"]
    assert doctor().findings == []
    Export.objects.update(created_at=timezone.now() - timedelta(hours=1))
    told = doctor()
    assert (told.code, told.texts) == (1, [f"exports warning export {export_id}"])


def test_an_export_without_its_file_is_found_and_its_client_is_told(
    well: Cast, api: ApiClient, stranger: ApiClient, house: Path
) -> None:
    export = built(api)
    place = house / "exports" / str(export.site_id) / str(export.pk)
    (place / export.stored_as).unlink()
    told = doctor()
    assert (told.code, told.texts) == (2, [f"exports damage export {export.pk}"])
    assert doctor("exports").findings == []
    assert api.get(f"/api/v0/export/{export.pk}/download").status_code == 410
    assert stranger.get(f"/api/v0/export/{export.pk}/download").status_code == 404


@pytest.mark.parametrize(("hours", "left"), [(1, 1), (25, 0)])
def test_files_of_no_export_are_found_and_removed_when_they_are_old(
    hours: int, left: int, well: Cast, house: Path
) -> None:
    place = house / "exports" / "1" / "99999"
    place.mkdir(parents=True)
    (place / "file").write_text("x")
    assert doctor().findings == [], "a worker may be at it this moment"
    at = NOW - hours * 3600
    for path in (place / "file", place):
        os.utime(path, (at, at))
    told = doctor()
    assert (told.code, told.texts) == (1, ["exports warning 1/99999"])
    assert doctor("exports").code == left
    assert place.exists() == bool(left)


def test_without_a_database_it_says_so_and_looks_at_the_rest(tmp_path: Path) -> None:
    url = f"postgres://nobody@127.0.0.1:{free_port()}/none"
    told = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json", "--mend=rollups"],
        cwd=ROOT,
        env=bare_environment() | {"GOATAPI_DATA_DIR": str(tmp_path), "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    said = json.loads(told.stdout)
    assert told.returncode == 2, told.stderr
    checks = {finding["check"] for finding in said["findings"]}
    assert checks >= {"database", "drain"}
    assert not checks & {"migrations", "rollups", "exports"}
    assert said["mended"][0].startswith("rollups could not be mended: ")
    assert "Traceback" not in told.stderr


def test_it_does_not_look_into_what_is_not_its_hosts(well: Cast, running: Backlog) -> None:
    (running._folder / "other.w.00000001.seg").write_bytes(b"garbage")
    runtime.journal().append(records.encode(Frame(well.owner.site.pk, NOW, [Hit("/live")])))
    assert doctor().findings == []
