"""The audit log as admins read it: who did what, filtered, page by page, and as a file."""

import csv
import gzip
import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command

from dashboard import audit_words
from sites import audit
from sites.models import AuditEvent, Role, User
from tests.client import ApiClient
from tests.dashboard.browser import Browser, make_key, make_member, signed_in
from tests.make import Cast

PAGE = "/settings/audit"


def told(browser: Browser, query: str = "") -> list[str]:
    """The sentences on the page."""
    page = browser.get(f"{PAGE}{query}")
    assert page.status_code == 200
    found = re.findall(r"<p><strong>(.*?)</strong> (.*?)</p>", page.content.decode())
    return [f"{who} {what}" for who, what in found]


def rows(browser: Browser, query: str = "", **headers: str) -> list[dict[str, str]]:
    """The file's rows."""
    reply = browser.get(f"{PAGE}.csv{query}", **headers)
    assert reply.status_code == 200
    body = b"".join(reply.streaming_content)
    if reply.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def note(cast: Cast, action: str = "sign-out", n: int = 1, **more: Any) -> None:
    for _ in range(n):
        audit.record(account_id=cast.owner.account.pk, actor=cast.owner.user, action=action, **more)


def test_what_is_done_is_told_newest_first_and_in_sentences(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    AuditEvent.objects.all().delete()
    make_key(browser, name="backend")
    browser.post("/settings/users/invite", {"email": "new@example.net", "role": "admin"})
    user = make_member(cast.owner, Role.SETTINGS)
    browser.post(f"/settings/users/{user.pk}/role", {"role": "read-only"})
    assert told(browser) == [
        "owner@example.net changed the role of settings@example.net from Settings to Read-only",
        "owner@example.net invited new@example.net as Admin",
        "owner@example.net made the API key ‘backend’",
    ]


def test_sign_ins_are_told_and_failed_ones_of_members_alone(cast: Cast) -> None:
    AuditEvent.objects.all().delete()
    browser = signed_in(cast.owner)
    browser.post("/sign-out")
    browser.sign_in("owner@example.net", "wrong")
    browser.sign_in("my-secret-password", "wrong")
    browser.sign_in(cast.stranger.user.email)
    assert list(AuditEvent.objects.order_by("pk").values_list("action", "target")) == [
        ("sign-in", ""),
        ("sign-out", ""),
        ("sign-in.failed", "owner@example.net"),
    ]
    assert told(signed_in(cast.owner))[1] == "Somebody failed to sign in as owner@example.net"


def test_a_country_is_told_and_no_address(cast: Cast, settings: Any) -> None:
    browser = Browser(cast.owner.host, REMOTE_ADDR="193.0.6.139")  # of the RIPE NCC
    browser.sign_in("owner@example.net")
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.country) == ("sign-in", "NL")
    assert "193.0.6" not in str(list(AuditEvent.objects.values()))


def test_what_a_key_does_names_it(cast: Cast, api: ApiClient) -> None:
    AuditEvent.objects.all().delete()
    export = api.post("/api/v0/export").json()["id"]
    api.send("DELETE", f"/api/v0/export/{export}")
    for event in AuditEvent.objects.all():
        assert event.actor_email == "owner@example.net"
        assert event.details["key"] == "test"
        assert cast.owner.key not in str(event.details)
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["export.started", "export.deleted"]


def test_what_the_operator_does_is_told_without_addresses(cast: Cast) -> None:
    call_command("set_site", "owner", "--ignore-ips", "198.51.100.7")
    call_command("set_domain", "owner", "stats.owner.org")
    browser = signed_in(cast.owner)
    assert told(browser, "?kind=site") == ["The server changed settings of the site owner"] * 2 + [
        "The server made the site owner"
    ]
    page = browser.get(PAGE).content.decode()
    assert "cname: stats.owner.org" in page
    assert "198.51.100" not in page


def test_a_strangers_deeds_are_not_here_and_ours_not_there(cast: Cast) -> None:
    note(cast, "key.created", target="ours")
    theirs = signed_in(cast.stranger)
    assert not [line for line in told(theirs) if "owner" in line or "ours" in line]
    assert not [row for row in rows(theirs) if "owner@example.net" in str(row)]
    assert not [line for line in told(signed_in(cast.owner)) if "stranger" in line]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("kind=key", ["key.created"]),
        ("kind=sign-in", ["sign-out"]),
        ("kind=deletion", ["user.removed"]),
        ("kind=user", ["user.removed"]),
        ("person=GONE@", ["user.removed"]),
        ("person=owner", ["key.created", "sign-out", "user.removed"]),
        ("person=nobody%25", []),
        ("since=2026-03-02", ["user.removed"]),
        ("until=2026-03-01", ["key.created", "sign-out"]),
        ("since=2026-03-01&until=2026-03-01", ["sign-out"]),
        ("since=2026-03-01&until=2026-03-01&kind=key", []),
        ("until=9999-12-31&kind=key", ["key.created"]),
    ],
)
def test_filters(cast: Cast, query: str, shown: list[str]) -> None:
    browser = signed_in(cast.owner)
    AuditEvent.objects.all().delete()
    times = {
        "key.created": datetime(2026, 2, 28, 23, 59, tzinfo=UTC),
        "sign-out": datetime(2026, 3, 1, 23, 59, tzinfo=UTC),
        "user.removed": datetime(2026, 3, 2, tzinfo=UTC),
    }
    for action, at in times.items():
        note(cast, action, target="gone@example.net" if action == "user.removed" else "")
        AuditEvent.objects.filter(action=action).update(at=at)
    assert sorted(row["action"] for row in rows(browser, f"?{query}")) == shown
    assert len(told(browser, f"?{query}")) == len(shown)


@pytest.mark.parametrize("query", ["kind=nothing", "since=x", "until=2026-02-31"])
def test_filters_that_are_none_are_refused(cast: Cast, query: str) -> None:
    browser = signed_in(cast.owner)
    assert browser.get(f"{PAGE}?{query}").status_code == 400
    assert browser.get(f"{PAGE}.csv?{query}").status_code == 400


def test_pages_follow_each_other_and_keep_the_filter(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    note(cast, "key.created", n=120, target="x")
    path, seen = f"{PAGE}?kind=key", []
    while path:
        page = browser.get(path).content.decode()
        seen.append(page.count("made the API key ‘x’"))
        note(cast, "key.created", target="while reading")
        link = re.search(r'href="([^"]+)" rel="next"', page)
        path = link[1].replace("&amp;", "&") if link else ""
    assert seen == [50, 50, 20]


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "9" * 25, "٣"])
def test_a_page_that_begins_nowhere_is_a_page(cast: Cast, before: str) -> None:
    assert signed_in(cast.owner).get(f"{PAGE}?before={before}").status_code == 200


def test_the_file_has_every_row(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "BATCH", 7)
    browser = signed_in(cast.owner)
    note(cast, "key.created", n=100, target='a,b\n"c"', details={"permissions": "count"})
    for headers in ({}, {"accept-encoding": "gzip"}):
        found = rows(browser, "?kind=key", **headers)
        assert len(found) == 101
        assert found[0]["target"] == 'a,b\n"c"'
        assert json.loads(found[0]["details"]) == {"permissions": "count"}
        assert datetime.fromisoformat(found[0]["time"]).tzinfo


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_cell_is_a_formula(cast: Cast, start: str) -> None:
    browser = signed_in(cast.owner)
    note(cast, "key.created", target=f"{start}cmd|' /C calc'!A0")
    User.objects.filter(pk=cast.owner.user.pk).update(email=f"{start}x@example.net".strip())
    assert rows(browser)[0]["target"] == f"'{start}cmd|' /C calc'!A0"


def test_markup_stays_text(cast: Cast) -> None:
    evil = "<script>alert(1)</script>%(x)s%"
    note(cast, "key.created", target=evil, details={evil: evil})
    note(cast, evil[:40], target=evil)
    page = signed_in(cast.owner).get(PAGE)
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_every_kind_has_its_words() -> None:
    assert audit_words.KINDS.keys() == audit.KINDS.keys()


def test_every_action_that_is_recorded_has_a_sentence(settings: Any) -> None:
    """Looked up in the source: a deed without words would be shown as its code."""
    source = "".join(
        path.read_text() for room in ("sites", "exports", "dashboard")
        for path in (settings.ROOT / room).rglob("*.py")
    )  # fmt: skip
    known = {word.partition(".")[0] for word in audit_words.SENTENCES}
    found = set(re.findall(r'"((?:' + "|".join(known) + r')(?:\.[a-z-]+)+)"', source))
    found = {word for word in found if not word.endswith((".html", ".js"))}
    assert found <= audit_words.SENTENCES.keys()
    assert {"key.created", "user.joined", "export.downloaded", "sign-in.failed"} <= found
