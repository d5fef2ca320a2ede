"""*Settings → Exports*: started, watched, downloaded, continued, deleted; by whom, and by whom not."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from exports import queries, services
from exports.building import claim_export
from exports.models import Export, State
from sites import zones
from sites.models import ApiKey, AuditEvent, Role
from tests.client import ApiClient
from tests.dashboard.browser import Browser, at, signed_in
from tests.exports.test_building import site_of
from tests.mailbox import link_in, posted
from tests.make import Cast, drain

PAGE = "/settings/exports"
ROWS = 3
_ = "\N{NARROW NO-BREAK SPACE}"


@pytest.fixture
def browser(cast: Cast) -> Browser:
    """The owner's, with three pageviews of the site."""
    hits = [{"path": f"/{n}"} for n in range(ROWS)]
    ApiClient(cast.owner).post("/api/v0/count", {"no_sessions": True, "hits": hits})
    drain()
    return signed_in(cast.owner)


def form(browser: Browser, **fields: Any) -> dict[str, Any]:
    """The form's fields, as the page gives it out now."""
    once = re.search(r'name="once" value="([^"]+)"', browser.get(PAGE).content.decode())
    assert once, "no form"
    return {"format": "csv", "once": once[1], **fields}


def start(browser: Browser, **fields: Any) -> Export:
    """Start one on the page."""
    reply = browser.post(PAGE, form(browser, **fields))
    assert (reply.status_code, reply["Location"]) == (302, PAGE), reply.content.decode()
    return Export.objects.order_by("pk").last() or pytest.fail("nothing was started")


def build(export: Export) -> Export:
    """As a worker does."""
    assert services.build_export(export.pk, owner="test")
    export.refresh_from_db()
    return export


def page_of(browser: Browser, path: str = PAGE) -> str:
    """The page's text, its white space tidied."""
    reply = browser.get(path)
    assert reply.status_code == 200, reply
    return re.sub(r"\s+", " ", reply.content.decode())


def poll(browser: Browser, export: Export, query: str = "") -> Any:
    """As htmx asks for the progress."""
    return browser.get(f"{PAGE}/{export.pk}/progress?{query}", **{"hx-request": "true"})


def test_an_export_from_the_page_is_started_built_and_downloaded(browser: Browser) -> None:
    export = start(browser)
    page = page_of(browser)
    assert "The export is started." in page
    assert "It begins in a moment." in page
    build(export)
    page = page_of(browser)
    for text in (f"Export {export.pk}", ">done<", ">3<", export.sha256, "owner@example.net"):
        assert text in page
    reply = browser.get(f"{PAGE}/{export.pk}/download")
    assert hashlib.sha256(b"".join(reply)).hexdigest() == export.sha256
    assert reply["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    assert reply["ETag"] == f'"{export.sha256}"'


def test_a_download_that_broke_off_goes_on(browser: Browser) -> None:
    export = build(start(browser))
    path = f"{PAGE}/{export.pk}/download"
    whole = b"".join(browser.get(path))
    rest = browser.get(path, range="bytes=10-", **{"if-range": f'"{export.sha256}"'})
    assert (rest.status_code, b"".join(rest)) == (206, whole[10:])
    known = browser.get(path, **{"if-none-match": f'"{export.sha256}"'})
    assert known.status_code == 304


@pytest.mark.parametrize("format", ["csv", "ndjson", "parquet"])
def test_each_format_can_be_chosen(browser: Browser, format: str) -> None:
    export = build(start(browser, format=format))
    assert (export.format, export.state, export.num_rows) == (format, State.DONE, ROWS)


def test_the_next_one_goes_on_where_the_last_one_ended(browser: Browser) -> None:
    assert "Continue after the last one" not in page_of(browser)
    first = build(start(browser))
    page = page_of(browser)
    assert f'name="continue" value="{first.last_hit_id}"' in page
    assert f"Export {first.pk} ended at the cursor {ROWS}." in page
    more = build(start(browser, start_from_hit_id="1", **{"continue": str(first.last_hit_id)}))
    assert (more.start_from_hit_id, more.num_rows) == (ROWS, 0)


def test_it_goes_on_from_its_own_page_in_the_same_format(browser: Browser) -> None:
    export = build(start(browser, format="ndjson"))
    page = page_of(browser, f"{PAGE}/{export.pk}")
    assert "Continue after this one" in page
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    fields.pop("csrfmiddlewaretoken")
    assert fields.keys() == {"once", "format"}
    browser.post(PAGE, {**fields, "continue": "3"})
    newest = Export.objects.order_by("-pk")[0]
    assert (newest.format, newest.start_from_hit_id) == ("ndjson", 3)


def test_days_are_days_and_the_last_one_is_in_it(browser: Browser) -> None:
    export = start(browser, start="2026-03-01", end="2026-03-02")
    assert export.start == datetime(2026, 3, 1, tzinfo=UTC)
    assert export.end == datetime(2026, 3, 3, tzinfo=UTC)
    assert "in the time zone UTC" in page_of(browser)


def test_days_are_those_of_the_readers_time_zone(browser: Browser, cast: Cast) -> None:
    cast.owner.user.preferences = {"timezone": zones.tag("Europe/Berlin")}
    cast.owner.user.save()
    assert "in the time zone Europe/Berlin" in page_of(browser)
    export = start(browser, start="2026-03-29", end="2026-03-29")  # 23 hours: summer time begins
    assert (export.start, export.end) == (
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"format": "xml"}, "", "Select a valid choice"),
        ({"start_from_hit_id": "-1"}, "start_from_hit_id", "greater than or equal to 0"),
        ({"start_from_hit_id": str(2**63)}, "start_from_hit_id", "less than or equal to"),
        ({"start_from_hit_id": "one"}, "start_from_hit_id", "Enter a whole number."),
        ({"start": "yesterday"}, "start", "Enter a valid date."),
        ({"start": "0001-01-01"}, "start", "must be in the years from 1970 to 2999"),
        ({"end": "9999-12-31"}, "end", "must be in the years from 1970 to 2999"),
        ({"start": "2026-03-02", "end": "2026-03-01"}, "end", "must not be before the first"),
    ],
)
def test_what_breaks_a_rule_starts_nothing_and_is_said_at_its_field(
    browser: Browser, fields: dict[str, Any], field: str, text: str
) -> None:
    reply = browser.post(PAGE, form(browser, **fields))
    page = reply.content.decode()
    assert reply.status_code == 400
    said = re.search(rf'id="id_{field or "format"}_error">([^<]+)<', page)
    assert said
    assert text in said[1]
    assert not Export.objects.exists()


def test_a_form_sent_twice_starts_one_export(browser: Browser) -> None:
    fields = form(browser)
    replies = [browser.post(PAGE, fields) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [302, 409]
    page = replies[1].content.decode()
    assert "perhaps by this form sent twice" in page
    assert Export.objects.count() == 1
    again = re.search(r'name="once" value="([^"]+)"', page)
    assert again
    assert browser.post(PAGE, {**fields, "once": again[1]}).status_code == 302


@pytest.mark.parametrize("once", ["x", "WzEsMSwxXQ:1wMEpZ:rubbish"])
def test_a_form_that_is_not_ours_starts_none(browser: Browser, once: str) -> None:
    assert browser.post(PAGE, form(browser) | {"once": once}).status_code == 409
    assert not Export.objects.exists()


def test_another_persons_form_starts_none(browser: Browser, cast: Cast) -> None:
    theirs = form(signed_in(cast.stranger))["once"]
    assert browser.post(PAGE, form(browser) | {"once": theirs}).status_code == 409


def test_a_sixth_one_is_refused_in_words(browser: Browser) -> None:
    for _ in range(services.MAX_OPEN):
        start(browser)
    reply = browser.post(PAGE, form(browser))
    assert (reply.status_code, reply["Retry-After"]) == (429, str(services.RETRY_AFTER))
    assert "5 exports of this site are waiting or running." in reply.content.decode()
    assert Export.objects.count() == services.MAX_OPEN


def test_those_that_wait_say_for_how_many(browser: Browser) -> None:
    exports = [start(browser) for _ in range(3)]
    assert "It begins in a moment." in poll(browser, exports[0]).content.decode()
    assert claim_export(exports[0].pk, owner="a")
    assert "It waits for the one before it." in poll(browser, exports[1]).content.decode()
    assert "It waits for 2 before it." in poll(browser, exports[2]).content.decode()


def test_the_progress_is_a_bar_with_rows(browser: Browser) -> None:
    export = start(browser)
    assert claim_export(export.pk, owner="a")
    running = Export.objects.filter(pk=export.pk)
    running.update(upto_hit_id=2_000_000, reached_hit_id=500_000, num_rows=500_000)
    part = poll(browser, export).content.decode()
    assert '<progress max="2000000" value="500000" aria-label="Progress of' in part
    assert f"500{_}000 of 2{_}000{_}000 rows written" in part
    assert 'hx-trigger="every 1s"' in part
    assert "<html" not in part
    running.update(end=timezone.now(), num_rows=17)
    part = poll(browser, export).content.decode()
    assert f"17 rows written, 500{_}000 of 2{_}000{_}000 pageviews looked at" in part
    running.update(end=None, num_rows=2_000_000, reached_hit_id=2_000_000)
    part = poll(browser, export).content.decode()
    assert f"All 2{_}000{_}000 rows are written. The file is being finished." in part


def test_the_bar_begins_at_the_cursor(browser: Browser) -> None:
    export = start(browser, start_from_hit_id="1000")
    assert claim_export(export.pk, owner="a")
    Export.objects.filter(pk=export.pk).update(upto_hit_id=3000, reached_hit_id=1500, num_rows=500)
    assert '<progress max="2000" value="500"' in poll(browser, export).content.decode()


def test_what_is_said_aloud_is_said_once_for_each_step(browser: Browser) -> None:
    export = start(browser)
    queued = re.search(r"told=([\w-]+)", page_of(browser))
    assert queued
    assert "hx-swap-oob" not in poll(browser, export, f"told={queued[1]}").content.decode()
    assert claim_export(export.pk, owner="a")
    row = Export.objects.filter(pk=export.pk)
    said = []
    told = queued[1]
    for reached in (0, 100, 300, 500, 600, 1000):
        row.update(upto_hit_id=1000, reached_hit_id=reached)
        part = poll(browser, export, f"told={told}").content.decode()
        told = re.findall(r"told=([\w-]+)", part)[0]
        said += re.findall(r"Export \d+: (\d+) percent\.", part)
    assert said == ["0", "30", "50", "100"]


def test_polling_ends_with_the_whole_card(browser: Browser) -> None:
    export = build(start(browser))
    reply = poll(browser, export, "told=running-4")
    part = reply.content.decode()
    assert (reply["HX-Retarget"], reply["HX-Reswap"]) == (f"#export-{export.pk}", "outerHTML")
    assert "hx-trigger" not in part
    assert f'id="export-{export.pk}"' in part
    assert f"Export {export.pk} is done." in part
    assert "Continue after this one" not in part
    assert "Continue after this one" in poll(browser, export, "alone").content.decode()


def test_polling_for_what_is_gone_reloads_the_page(browser: Browser) -> None:
    export = start(browser)
    browser.post(f"{PAGE}/{export.pk}/delete")
    reply = poll(browser, export)
    assert (reply.status_code, reply["HX-Refresh"]) == (404, "true")
    assert browser.get(f"{PAGE}/{export.pk}/progress").status_code == 404


def test_polling_after_the_session_has_ended_leads_to_sign_in(browser: Browser) -> None:
    export = start(browser)
    browser.post("/sign-out")
    assert poll(browser, export)["HX-Redirect"].startswith("/sign-in?next=")


def test_without_a_script_the_page_has_a_link_to_reload(browser: Browser) -> None:
    start(browser)
    assert '<noscript><p><a href="">Reload the page' in page_of(browser)


def test_a_failed_one_says_so(browser: Browser) -> None:
    export = start(browser)
    Export.objects.filter(pk=export.pk).update(
        state=State.FAILED, finished_at=timezone.now(), error="the export could not be built"
    )
    assert "It could not be built." in page_of(browser)
    assert browser.get(f"{PAGE}/{export.pk}/download")["Location"] == f"{PAGE}/{export.pk}"
    assert f"Export {export.pk} has failed." in poll(browser, export).content.decode()


def test_an_expired_one_stays_in_the_history_with_its_cursor(browser: Browser) -> None:
    export = build(start(browser))
    services.expire(now=timezone.now() + queries.KEPT + timedelta(minutes=1))
    page = page_of(browser)
    assert ">expired<" in page
    assert "/download" not in page
    assert "Continue after the last one" in page
    assert browser.get(f"{PAGE}/{export.pk}/download")["Location"] == f"{PAGE}/{export.pk}"


def test_a_file_that_is_gone_is_told_as_gone(browser: Browser, house: Any) -> None:
    export = build(start(browser))
    for path in (house / "exports").rglob("*.gz"):
        path.unlink()
    assert browser.get(f"{PAGE}/{export.pk}/download").status_code == 410


def test_the_history_has_pages(browser: Browser, cast: Cast) -> None:
    now = timezone.now()
    made = [
        Export.objects.create(
            site=cast.owner.site, format="csv", created_at=now, state=State.EXPIRED, file_name="x"
        ).pk
        for _ in range(queries.PAGE + 2)
    ]
    page = page_of(browser)
    assert shown(page) == made[:1:-1]
    older = re.search(r'href="(/settings/exports\?before=\d+)#history"', page)
    assert older
    rest = page_of(browser, older[1])
    assert shown(rest) == made[1::-1]
    assert "Newest exports" in rest
    assert "Older exports" not in rest
    for nonsense in ("x", "-1", "9" * 30, "", "²"):
        assert shown(page_of(browser, f"{PAGE}?before={nonsense}")) == made[:1:-1]


def shown(page: str) -> list[int]:
    """The ids of the exports on it."""
    return [int(number) for number in re.findall(r'<article class="card" id="export-(\d+)"', page)]


def test_an_export_by_the_api_shows_its_keys_name_as_text(browser: Browser, cast: Cast) -> None:
    ApiKey.objects.filter(account=cast.owner.account).update(name="<b>Night</b>")
    ApiClient(cast.owner).post("/api/v0/export")
    page = page_of(browser)
    assert "the key ‘&lt;b&gt;Night&lt;/b&gt;’" in page
    assert "<b>Night" not in page


def test_a_deleted_one_is_gone_with_its_file(browser: Browser, house: Any) -> None:
    export = build(start(browser))
    path = f"{PAGE}/{export.pk}/delete"
    assert browser.get(path)["Location"] == PAGE
    assert browser.post(path)["Location"] == PAGE
    assert "The export is deleted." in page_of(browser)
    assert [each for each in (house / "exports").rglob("*") if each.is_file()] == []
    assert browser.post(path).status_code == 404


ROUTES = ["", "/progress", "/download"]


def test_another_sites_export_is_not_there(browser: Browser, cast: Cast) -> None:
    foreign = services.start_export(site=site_of(cast.stranger))
    for export_id in (foreign.pk, 10**6, 10**30):
        for route in ROUTES:
            assert browser.get(f"{PAGE}/{export_id}{route}").status_code == 404
        assert browser.post(f"{PAGE}/{export_id}/delete").status_code == 404
    assert str(foreign.file_name) not in page_of(browser)
    assert Export.objects.filter(pk=foreign.pk).exists()


@pytest.mark.parametrize("role", [Role.SETTINGS, Role.ADMIN, Role.OWNER])
def test_who_may_export(cast: Cast, role: Role) -> None:
    browser = signed_in(cast.owner, role)
    export = build(start(browser))
    assert export.user
    for route in ROUTES:
        reply = browser.get(f"{PAGE}/{export.pk}{route}")
        assert (reply.status_code, b"".join(reply) != b"") == (200, True)
    assert browser.post(f"{PAGE}/{export.pk}/delete").status_code == 302


def test_who_may_only_read_may_not_export(browser: Browser, cast: Cast) -> None:
    export = build(start(browser))
    reader = signed_in(cast.owner, Role.READ_ONLY)
    for route in ROUTES:
        assert reader.get(f"{PAGE}/{export.pk}{route}").status_code == 403
    assert reader.get(PAGE).status_code == 403
    assert reader.post(PAGE, {"format": "csv"}).status_code == 403
    assert reader.post(f"{PAGE}/{export.pk}/delete").status_code == 403
    assert Export.objects.count() == 1


@pytest.mark.parametrize("who", ["nobody", "the stranger, with a session of their own"])
def test_passers_by_are_sent_to_sign_in(browser: Browser, cast: Cast, who: str) -> None:
    export = build(start(browser))
    passer_by = at(cast.owner) if who == "nobody" else signed_in(cast.stranger)
    passer_by.host = cast.owner.host
    for route in ("", *(f"/{export.pk}{each}" for each in ROUTES)):
        assert passer_by.get(f"{PAGE}{route}")["Location"].startswith("/sign-in?next=")
    assert passer_by.post(f"{PAGE}/{export.pk}/delete")["Location"].startswith("/sign-in")
    assert Export.objects.count() == 1


def test_the_audit_log_tells_who_did_it(browser: Browser, cast: Cast) -> None:
    export = build(start(browser))
    b"".join(browser.get(f"{PAGE}/{export.pk}/download"))
    browser.get(f"{PAGE}/{export.pk}/download", **{"if-none-match": f'"{export.sha256}"'})
    browser.post(f"{PAGE}/{export.pk}/delete")
    events = AuditEvent.objects.filter(action__startswith="export.").order_by("pk")
    assert [(event.action, event.actor, event.target) for event in events] == [
        (f"export.{deed}", cast.owner.user, export.file_name)
        for deed in ("started", "downloaded", "deleted")
    ]


def test_a_mail_is_offered_and_leads_to_the_page(browser: Browser) -> None:
    assert "On this server mail is written to the folder" in page_of(browser)
    export = build(start(browser, mail="on"))
    (mail,) = posted(kind="export")
    path = link_in(mail, "/settings/").partition(":8000")[2]
    assert path == f"{PAGE}/{export.pk}"
    assert export.sha256 in page_of(browser, path)
