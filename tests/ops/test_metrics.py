"""Figures for Prometheus: they say what happened, name no tenant, and are those that the guide explains."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.utils import timezone
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from exports import services
from exports.figures import ExportFigures
from exports.models import Export
from goatapi.env import BadEnvironment, read
from goatapi.http import metrics
from goatapi.http.metrics import SAMPLED, Shown
from hits import records, runtime
from hits.backlog import Backlog
from hits.figures import DrainFigures, JournalFigures
from hits.records import Frame, Hit
from hits.segments import pack
from ops.checks import host_backlog, host_positions
from ops.mending import MENDING
from sites import outbox
from sites.figures import told
from sites.models import Mail
from tests.client import ApiClient
from tests.doors import DOORS, by_rsgi
from tests.live.load import USER_AGENTS
from tests.live.server import ROOT, LiveServer, wait_until
from tests.make import Cast, drain, tallied

GUIDE = ROOT / "docs" / "operations.md"
NOW = 1_700_000_000
BROWSER = {"User-Agent": USER_AGENTS[0]}


def value(name: str, **labels: str) -> float:
    """What a figure of this process says now."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


class Since:
    """By how much figures have grown."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        for metric in REGISTRY.collect():
            for sample in metric.samples:
                self._before[sample.name, tuple(sorted(sample.labels.items()))] = sample.value

    def __call__(self, name: str, **labels: str) -> float:
        return value(name, **labels) - self._before.get((name, tuple(sorted(labels.items()))), 0.0)


def figures(*shown: Metric) -> dict[str, float]:
    """Name, and label if any, → value."""
    return {
        " ".join([sample.name.removeprefix("goatapi_"), *sample.labels.values()]): sample.value
        for metric in shown
        for sample in metric.samples
    }


def drain_figures(clock: float = NOW) -> dict[str, float]:
    """Those of the drain's own process."""
    shown = DrainFigures(host_backlog(), host_positions, clock=lambda: clock)
    return figures(*shown.collect())


@pytest.mark.parametrize("door", DOORS)
def test_pageviews_are_counted_by_the_way_they_came(door: str, cast: Cast, api: ApiClient) -> None:
    since = Since()
    for target in ("/count?p=/1", "/count?p=/2", "/count?p=/3&b=150", "/count"):
        DOORS[door]("GET", cast.owner.host, target, BROWSER)
    api.post("/api/v0/count", {"no_sessions": True, "hits": [{"path": "/a"}, {"path": "/b"}]})
    assert since("goatapi_accepted_hits_total", way="count") == 2
    assert since("goatapi_accepted_hits_total", way="api") == 2


def test_what_is_dropped_is_counted_by_its_reason(cast: Cast, api: ApiClient) -> None:
    since = Since()
    by_rsgi("GET", cast.owner.host, "/count?p=/3", BROWSER | {"Purpose": "prefetch"})
    batch = {"no_sessions": True, "hits": [{"path": "/once", "id": "one"}]}
    for _ in range(3):
        assert api.post("/api/v0/count", batch).status_code == 202
    told = tallied(cast.owner.site)
    assert (told["prefetch"], told["duplicate"], told["counted"]) == (1, 2, 1)
    assert since("goatapi_dropped_hits_total", reason="prefetch") == 1
    assert since("goatapi_dropped_hits_total", reason="duplicate") == 2
    assert since("goatapi_stored_hits_total") == 1
    assert since("goatapi_drain_step_seconds_count") >= 1


def test_one_of_sixteen_counts_is_timed(cast: Cast) -> None:
    from goatapi.rsgi import Application  # noqa: PLC0415  # makes Django's handler

    application, since = Application(), Since()
    for n in range(2 * SAMPLED):
        by_rsgi("GET", cast.owner.host, f"/count?p=/{n}", BROWSER, application=application)
    assert since("goatapi_count_seconds_count") == 2


def test_requests_are_timed_by_route_and_never_by_what_a_client_has_invented(
    api: ApiClient, stranger: ApiClient
) -> None:
    since = Since()
    for client in (api, stranger):
        for path in ("/api/v0/export/17", "/api/v0/export/18", "/invented", "/api/v0/invented"):
            client.get(path)
    name = "goatapi_request_seconds_count"
    assert since(name, endpoint="/api/v0/export/<str:id>", status="4xx") == 4
    assert since(name, endpoint="none", status="4xx") == 4
    assert "invented" not in str([metric.samples for metric in REGISTRY.collect()])


def test_no_label_names_a_tenant(cast: Cast, api: ApiClient) -> None:
    api.get("/api/v0/me")
    api.post("/api/v0/count", {"no_sessions": True, "hits": [{"path": "/secret"}]})
    drain()
    shown = str([metric.samples for metric in REGISTRY.collect()])
    assert "/secret" not in shown
    assert cast.owner.host not in shown
    assert {
        label
        for metric in REGISTRY.collect()
        if metric.name.startswith("goatapi_")
        for sample in metric.samples
        for label in sample.labels
    } <= {"way", "reason", "endpoint", "status", "limit", "state", "le"}


def test_what_waits_in_the_journal_has_bytes_and_an_age(cast: Cast) -> None:
    frames = [Frame(cast.owner.site.pk, NOW - age, [Hit("/")]) for age in (30, 90, 10)]
    sizes = [runtime.journal().append(records.encode(frame)) for frame in frames]
    size = sum(len(pack(records.encode(frame))) for frame in frames)
    assert len(sizes) == 3
    found = drain_figures()
    assert (found["journal_unread_bytes"], found["drain_lag_seconds"]) == (size, 30)
    journal = figures(*JournalFigures(runtime.journal()).collect())
    assert journal["journal_bytes"] == size
    assert journal["journal_max_bytes"] == settings.ENVIRONMENT.journal_max
    drain()
    assert drain_figures()["journal_unread_bytes"] == 0
    assert drain_figures()["drain_lag_seconds"] == 0


def test_damage_and_poison_are_told(cast: Cast) -> None:
    since, backlog = Since(), host_backlog()
    poison = pack(
        records.encode(Frame(cast.owner.site.pk, NOW, [Hit("/good"), Hit("/p", created_at=2**63)]))
    )
    path = backlog._folder / f"{backlog._host}.w.00000001.seg"
    path.write_bytes(b"garbage" + poison)
    drain()
    assert since("goatapi_journal_damage_total") == 1
    assert since("goatapi_refused_hits_total") == 1
    found = drain_figures()
    kept = list((backlog._folder / "quarantine").iterdir())
    assert found["quarantine_files"] == 2
    assert found["quarantine_bytes"] == sum(path.stat().st_size for path in kept)


def test_exports_are_told_by_state_and_each_of_this_host_is_timed_once(
    cast: Cast, api: ApiClient, stranger: ApiClient
) -> None:
    shown = ExportFigures(owner_prefix="here/")
    shown._since = shown._last = timezone.now() - timedelta(minutes=5)
    since = Since()
    ids = [client.post("/api/v0/export").json()["id"] for client in (api, stranger, api)]
    services.build_export(ids[0], owner="here/worker")
    services.build_export(ids[1], owner="there/worker")
    Export.objects.filter(pk=ids[2]).update(created_at=timezone.now() - timedelta(minutes=1))
    for _ in range(2):
        found = figures(*shown._told(timezone.now()))
    assert (found["exports done"], found["exports queued"], found["exports failed"]) == (2, 1, 0)
    assert 60 <= found["export_oldest_seconds"] < 90
    assert since("goatapi_export_seconds_count", state="done") == 1


def test_mail_is_told_by_its_age_and_by_what_was_given_up(cast: Cast) -> None:
    for _ in range(2):
        outbox.post(to="a@example.org", kind="find-my-site", context={"sites": []})
    first, last = Mail.objects.order_by("pk")
    Mail.objects.filter(pk=first.pk).update(failed_at=timezone.now())
    Mail.objects.filter(pk=last.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    found = figures(*told())
    assert found["mail_given_up"] == 1
    assert 60 <= found["mail_oldest_seconds"] < 90


def test_figures_that_can_not_be_looked_up_leave_out_no_others() -> None:
    class Broken:
        def collect(self) -> list[Metric]:
            raise OSError("no disk")

    assert Shown(Broken()).collect() == []


def names_of(text: str) -> set[str]:
    """Our figures, as a scrape names them."""
    families = text_string_to_metric_families(text)
    return {family.name for family in families if family.name.startswith("goatapi_")}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The real service, with an export and some pageviews."""
    server = LiveServer(tmp_path_factory.mktemp("metrics"), GOATAPI_RATELIMIT="api:1000/60")
    server.start()
    try:
        site = server.make_site("seen")
        site.count("/1", "/2")
        site.paths("/1", "/2")
        yield server
    finally:
        server.kill()


def scrape(server: LiveServer, distance: int = 0) -> str:
    """What Prometheus would read."""
    url = f"http://127.0.0.1:{server.metrics_port + distance}/metrics"
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200
    return answer.text


def test_each_process_serves_its_own_and_the_guide_explains_exactly_these(
    server: LiveServer,
) -> None:
    wait_until(lambda: "goatapi_export_seconds_count" in scrape(server))
    web, drained = scrape(server), scrape(server, 1)
    assert 'goatapi_accepted_hits_total{way="api"} 2.0' in web
    assert "goatapi_stored_hits_total 2.0" in drained
    assert "goatapi_drain_lag_seconds" not in web
    told = re.findall(r"^\| `(goatapi_[a-z_]+)", section("Figures"), re.M)
    shown = names_of(web) | names_of(drained)
    assert len(told) == len(set(told))
    assert {re.sub("_total$", "", name) for name in told} == shown


def test_every_alarm_of_the_guide_asks_for_figures_that_are_there(server: LiveServer) -> None:
    names = names_of(scrape(server)) | names_of(scrape(server, 1))
    asked = re.findall(r"goatapi_[a-z_]+", section("Alarms"))
    assert len(asked) > 10
    assert {re.sub("_(total|bucket|count|sum)$", "", name) for name in asked} <= names


def section(title: str) -> str:
    """A part of the guide."""
    return GUIDE.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_guide_names_every_check_of_the_doctor_and_all_that_it_mends() -> None:
    text = section("The doctor")
    code = (ROOT / "ops" / "checks.py").read_text()
    assert set(re.findall(r"^\| `([a-z]+)` \|", text, re.M)) == set(
        re.findall(r'Finding\(\s*"([a-z]+)"', code)
    )
    assert set(re.findall(r"^- `--mend ([a-z]+)`", text, re.M)) == MENDING.keys()


def test_the_house_is_well_in_the_middle_of_traffic(server: LiveServer) -> None:
    site = server.make_site("busy")
    for _ in range(3):
        site.count(*(f"/{n}" for n in range(300)))
        told = server.manage("doctor")
        assert (told.returncode, told.stdout) == (0, "all is well\n"), told.stdout + told.stderr


def test_without_a_port_nothing_is_served(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("it was served")

    monkeypatch.setattr(metrics, "start_http_server", refuse)
    metrics.serve("web", 0, DrainFigures(Backlog(house, host="h"), dict))


@pytest.mark.parametrize("port", [8000, 7999])
def test_a_port_that_is_the_servers_own_stops_the_start(port: int, tmp_path: Path) -> None:
    given = {"GOATAPI_DATA_DIR": str(tmp_path), "PORT": "8000", "GOATAPI_METRICS_PORT": str(port)}
    with pytest.raises(BadEnvironment, match="must not be PORT"):
        read(given)
    assert read(given | {"GOATAPI_METRICS_PORT": "8001"}).metrics_port == 8001


def test_the_ports_of_all_web_processes_are_kept_off_the_servers_own(tmp_path: Path) -> None:
    given = {"GOATAPI_DATA_DIR": str(tmp_path), "PORT": "8000", "GOATAPI_WEB_PROCESSES": "4"}
    assert read(given | {"GOATAPI_METRICS_PORT": "7995"}).web_processes == 4
    with pytest.raises(BadEnvironment, match=r"7996.* and the 4 after it must not be PORT"):
        read(given | {"GOATAPI_METRICS_PORT": "7996"})
    with pytest.raises(BadEnvironment, match="GOATAPI_WEB_PROCESSES must be a whole number from 1"):
        read(given | {"GOATAPI_WEB_PROCESSES": "0"})
