"""How far an export is: told by its row while it is built, once a second at most; who asked for it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from exports import queries, services, writers
from exports.building import Claim, claim_export
from exports.models import Export, Format, State
from goatapi.errors import AlreadyDone
from sites.models import ApiKey
from sites.tenancy import SiteRef
from tests.client import ApiClient
from tests.exports.test_building import site_of
from tests.make import Cast, drain

ROWS = 7
SECOND = timedelta(seconds=1)


@pytest.fixture
def site(cast: Cast) -> SiteRef:
    """With seven pageviews."""
    hits = [{"path": f"/{n}"} for n in range(ROWS)]
    ApiClient(cast.owner).post("/api/v0/count", {"no_sessions": True, "hits": hits})
    drain()
    return site_of(cast.owner)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Any, ...]]]:
    """What others read in the row (rows, place, end) after each batch of two, half a second later."""
    seen: list[tuple[Any, ...]] = []
    beat = Claim._beat

    def watched(claim: Claim) -> None:
        clock.shift(SECOND / 2)
        beat(claim)
        row = Export.objects.filter(pk=claim.export.pk)
        seen.append(row.values_list("num_rows", "reached_hit_id", "upto_hit_id").get())

    monkeypatch.setitem(writers.BATCHES, Format.CSV, 2)
    monkeypatch.setattr(Claim, "_beat", watched)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield seen


def test_rows_and_place_are_told_once_a_second(site: SiteRef, told: list[tuple[Any, ...]]) -> None:
    export = services.start_export(site=site)
    services.build_export(export.pk, owner="a")
    assert told == [(0, 0, ROWS), (4, 4, ROWS), (4, 4, ROWS), (7, 7, ROWS)]
    export.refresh_from_db()
    assert (export.num_rows, export.reached_hit_id, export.last_hit_id) == (ROWS, ROWS, ROWS)


def test_the_place_moves_where_a_span_leaves_all_rows_out(
    site: SiteRef, told: list[tuple[Any, ...]]
) -> None:
    export = services.start_export(site=site, end=datetime(2001, 1, 1, tzinfo=UTC))
    services.build_export(export.pk, owner="a")
    assert told == [(0, 0, ROWS), (0, 4, ROWS), (0, 4, ROWS), (0, ROWS, ROWS)]


def test_the_place_begins_at_the_cursor(site: SiteRef, told: list[tuple[Any, ...]]) -> None:
    export = services.start_export(site=site, start_from_hit_id=4)
    services.build_export(export.pk, owner="a")
    assert told == [(0, 4, ROWS), (3, ROWS, ROWS)]


def test_a_cursor_beyond_all_pageviews_stays_where_it_is(site: SiteRef) -> None:
    export = services.start_export(site=site, start_from_hit_id=100)
    services.build_export(export.pk, owner="a")
    export.refresh_from_db()
    assert (export.num_rows, export.last_hit_id, export.reached_hit_id) == (0, 100, 100)


def test_a_waiting_export_knows_how_many_are_before_it(cast: Cast) -> None:
    mine, theirs = site_of(cast.owner), site_of(cast.stranger)
    services.start_export(site=theirs)
    first, second, third = (services.start_export(site=mine) for _ in range(3))
    assert [queries.ahead_of(export) for export in (first, second, third)] == [0, 1, 2]
    assert claim_export(second.pk, owner="out of turn")
    assert [queries.ahead_of(export) for export in (first, third)] == [1, 2]
    Export.objects.filter(pk=second.pk).update(state=State.FAILED)
    assert queries.ahead_of(third) == 1


def test_a_form_that_comes_twice_starts_one_export(cast: Cast) -> None:
    site, user = site_of(cast.owner), cast.owner.user
    first = services.start_export(site=site, user=user, after=0)
    with pytest.raises(AlreadyDone):
        services.start_export(site=site, user=user, after=0)
    services.start_export(site=site)
    services.start_export(site=site_of(cast.stranger), user=user)
    services.start_export(site=site, user=user, after=first.pk)
    assert Export.objects.filter(site=cast.owner.site).count() == 3


def test_an_export_that_was_asked_for_by_the_api_knows_its_key(cast: Cast) -> None:
    export_id = ApiClient(cast.owner).post("/api/v0/export").json()["id"]
    key = ApiKey.objects.get(account=cast.owner.account)
    export = queries.export_of(site_id=cast.owner.site.pk, export_id=export_id)
    assert (export.api_key, export.user, export.mail) == (key, None, False)


def test_the_cursor_to_go_on_from_is_that_of_the_newest_that_was_finished(site: SiteRef) -> None:
    assert queries.last_finished(site_id=site.id) is None
    first = services.start_export(site=site)
    services.build_export(first.pk, owner="a")
    services.start_export(site=site)
    last = queries.last_finished(site_id=site.id)
    assert last
    assert (last.pk, last.last_hit_id) == (first.pk, ROWS)
    assert queries.last_finished(site_id=site.id + 1) is None
