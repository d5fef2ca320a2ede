"""Every finding of the doctor, by really damaging a house; then mended, and found well."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from ops.management.commands.doctor import mend
from sites import outbox
from sites.directory import directory
from sites.models import Mail
from storage.registry import storage
from storage.router import vault_alias
from storage.types import ROLLUPS
from tests.client import ApiClient
from tests.live.server import ROOT, bare_environment
from tests.make import Cast, drain, stored
from tests.ports import free_port


def now() -> int:
    """In seconds; asked anew each time, since what waits for a minute is a finding."""
    return int(timezone.now().timestamp())


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


def record(cast: Cast, *hits: Hit, at: int | None = None) -> bytes:
    """A record of the owner's site."""
    arrived_at = now() if at is None else at
    return pack(records.encode(Frame(cast.owner.site.pk, arrived_at, list(hits))))


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


@pytest.mark.parametrize(
    ("rollup", "change"),
    [
        ("hit_counts", "count = CASE path_id WHEN 1 THEN 2 ELSE 0 END WHERE path_id IN (1, 2)"),
        ("browser_stats", "browser_id = 7 WHERE path_id = 3"),
        ("location_stats", "location = 'FR' WHERE path_id = 3"),
    ],
)
def test_visits_in_the_wrong_place_of_one_hour_are_found_and_put_back(
    rollup: str, change: str, well: Cast
) -> None:
    site = well.owner.site.pk
    before = storage().vault.rollup(site, rollup)
    damage(f"UPDATE {rollup} SET {change} AND site_id = %s", site)  # noqa: S608  # our own names
    told = doctor()
    assert (told.code, told.texts) == (2, [f"rollups damage site {site}"])
    assert told.findings[0]["what"].startswith(f"{rollup} differ from the rows in 1 hours")
    assert told.findings[0]["what"].endswith("1 visits that no row tells of, 1 missing")
    mended = doctor("rollups")
    assert (mended.code, len(mended.mended)) == (0, 1)
    assert storage().vault.rollup(site, rollup) == before


LEDGER_GONE = "DELETE FROM site_ledger WHERE site_id = %s"
LEDGER_BEHIND = "UPDATE site_ledger SET last_hit_id = 4, last_path_id = 2 WHERE site_id = %s"


@pytest.mark.parametrize("change", [LEDGER_GONE, LEDGER_BEHIND])
def test_a_ledger_that_would_give_ids_again_is_found_and_raised(
    change: str, well: Cast, api: ApiClient
) -> None:
    site = well.owner.site.pk
    first_hit_at = storage().vault.first_hit_at(site)
    damage(change, site)
    told = doctor()
    assert (told.code, set(told.texts)) == (2, {f"ledger damage site {site}"})
    assert "there is an id 5 in hits, and the ledger" in told.findings[0]["what"]
    mended = doctor("ledger")
    assert (mended.code, mended.findings) == (0, [])
    assert [line.startswith(f"the ledger of site {site} is raised: hits to 5, paths to 5")
            for line in mended.mended] == [True]  # fmt: skip
    assert storage().vault.first_hit_at(site) == first_hit_at
    api.post("/api/v0/count", {"no_sessions": True, "hits": [{"path": "/new"}]})
    drain()
    assert doctor("ledger") == Told(0, [], [])
    paths = {hit.hit_id: hit.path for hit in stored(well.owner.site)}
    assert (len(paths), paths[5], paths[6]) == (6, "/4", "/new")


def test_a_ledger_and_rollups_that_are_wrong_are_mended_one_after_the_other(well: Cast) -> None:
    site = well.owner.site.pk
    damage(LEDGER_GONE, site)
    damage("DELETE FROM size_stats WHERE site_id = %s", site)
    told = doctor("rollups")
    assert (told.texts[-1], len(told.mended)) == (f"rollups damage site {site}", 1)
    assert told.findings[-1]["mend"] == "mend the ledger, and ask again"
    assert doctor("ledger", "rollups").findings == []


@pytest.mark.parametrize("table", ["paths", "refs", "browsers", "systems", "campaigns"])
def test_rows_whose_texts_are_gone_are_found(table: str, well: Cast, api: ApiClient) -> None:
    hit = {
        "path": "/1",
        "query": "utm_campaign=spring",
        "ref": "https://example.org/",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    }
    api.post("/api/v0/count", {"no_sessions": True, "hits": [hit]})
    drain()
    assert doctor().findings == []
    site = well.owner.site.pk
    damage(f"DELETE FROM {table} WHERE site_id = %s", site)  # noqa: S608  # our own names
    told = doctor()
    assert (told.code, told.texts) == (2, [f"texts damage site {site}"])
    count = 6 if table in ("paths", "refs", "browsers") else 1
    assert told.findings[0]["what"].startswith(f"{count} rows have an id that is not in {table}")


def asked(folder: Path, *arguments: str, url: str = "") -> "subprocess.CompletedProcess[str]":
    """The doctor of a data folder, in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *arguments],
        cwd=ROOT,
        env=bare_environment() | {"GOATAPI_DATA_DIR": str(folder), "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.once
@pytest.mark.parametrize("url", ["", "postgres://nobody@127.0.0.1:1/none"])
def test_where_nothing_is_set_up_it_says_so_and_makes_nothing(url: str, tmp_path: Path) -> None:
    told = asked(tmp_path / "data", "--json", "--mend=rollups", url=url)
    assert (told.returncode, told.stderr) == (2, "")
    said = json.loads(told.stdout)
    assert (said["status"], said["mended"]) == ("damage", [])
    assert said["findings"][0]["what"] == "nothing is set up here"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.once
def test_what_is_gone_from_a_house_is_named_and_not_made_anew(tmp_path: Path) -> None:
    names = ["accounts.sqlite3", "cache.sqlite3", "host_id", "journal"]
    for name in names:
        (tmp_path / name).touch()
    told = asked(tmp_path)
    assert (told.returncode, "vault.sqlite3 are not there" in told.stdout) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_of_doctors_that_mend_at_once_each_waits_for_the_one_before(
    well: Cast, running: Backlog
) -> None:
    segment(running, "p", record(well, *(Hit(f"/{n}", created_at=2**63) for n in range(20))))
    drain()
    kept = running.kept.files()
    for each in kept:
        each.path.write_bytes(record(well, Hit("/cured")))
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: mend(["quarantine"]), range(8)))
    said = sorted(line for lines in told for line in lines)
    assert said == sorted(f"{each.path.name} is fed back, with 1 pageviews" for each in kept)
    drain()
    paths = [hit.path for hit in stored(well.owner.site)]
    assert paths.count("/cured") == len(kept)


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
    segment(running, "o", record(well, Hit("/a"), at=now() - 3600))
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


def test_mail_that_waits_or_was_given_up_is_a_warning(well: Cast) -> None:
    outbox.post(to="a@example.org", kind="find-my-site", context={"sites": []})
    assert doctor().findings == []
    Mail.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    told = doctor()
    assert (told.code, told.texts) == (1, ["mail warning outbox"])
    assert "start manage.py worker" in told.findings[0]["mend"]
    Mail.objects.update(failed_at=timezone.now(), error="550 nobody here")
    told = doctor()
    assert (told.code, told.texts) == (1, ["mail warning outbox"])
    assert "550 nobody here" in told.findings[0]["what"]


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
    at = now() - hours * 3600
    for path in (place / "file", place):
        os.utime(path, (at, at))
    told = doctor()
    assert (told.code, told.texts) == (1, ["exports warning 1/99999"])
    assert doctor("exports").code == left
    assert place.exists() == bool(left)


def test_without_a_database_it_says_so_and_looks_at_the_rest(tmp_path: Path) -> None:
    (tmp_path / "host_id").write_text("h")
    (tmp_path / "journal").mkdir()
    url = f"postgres://nobody@127.0.0.1:{free_port()}/none"
    told = asked(tmp_path, "--json", "--mend=rollups", url=url)
    said = json.loads(told.stdout)
    assert told.returncode == 2, told.stderr
    checks = {finding["check"] for finding in said["findings"]}
    assert checks >= {"database", "drain"}
    assert not checks & {"migrations", "rollups", "exports"}
    assert said["mended"][0].startswith("rollups could not be mended: ")
    assert "Traceback" not in told.stderr


def test_it_does_not_look_into_what_is_not_its_hosts(well: Cast, running: Backlog) -> None:
    (running._folder / "other.w.00000001.seg").write_bytes(b"garbage")
    runtime.journal().append(records.encode(Frame(well.owner.site.pk, now(), [Hit("/live")])))
    assert doctor().findings == []


def test_tallies_that_are_gone_are_told_and_cost_no_visit(
    running: Backlog, cast: Cast, api: ApiClient
) -> None:
    """One pageview has no row: without the tallies nothing knows of it but the rollups."""
    site = cast.owner.site
    api.post("/api/v0/count", {"no_sessions": True, "hits": [{"path": "/1"}]})
    drain()
    site.collect &= ~collect.PAGEVIEWS
    site.save()
    directory.cache_clear()
    api.post("/api/v0/count", {"no_sessions": True, "hits": [{"path": "/1"}]})
    drain()
    assert storage().audit.census(site.pk).rows == 1
    damage("DELETE FROM tallies WHERE site_id = %s", site.pk)
    told = doctor("rollups")
    assert told.texts == [f"ledger damage site {site.pk}"]
    assert storage().vault.visits(site.pk, path="/1", since=0, before=2**31 - 1) == 2
