"""*Settings → API*: made once, shown once, listed, revoked."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sites import keys, services
from sites.models import ApiKey, Role, Session
from tests.client import ApiClient
from tests.dashboard.browser import key_form, make_key, signed_in
from tests.make import Cast

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:1 }}'


def test_a_key_from_the_page_works(cast: Cast) -> None:
    reply = make_key(signed_in(cast.owner), name="Shop", permissions=["count", "export"])
    assert reply.status_code == 200
    assert reply["Cache-Control"] == "no-store"
    token = ApiClient(cast.owner, key=reply.key).get("/api/v0/me").json()["token"]
    assert token == {"name": "Shop", "permissions": keys.COUNT | keys.EXPORT, "sites": [-1]}


def test_it_is_on_that_one_page_and_nowhere_else(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = signed_in(cast.owner)
    reply = make_key(browser)
    assert keys.well_formed(reply.key)
    assert reply.key not in browser.get("/settings/auth").content.decode()
    assert reply.key not in caplog.text
    assert "Location" not in reply
    held = [row.get_decoded() for row in Session.objects.all()]
    assert held
    assert reply.key not in repr(held)
    row = ApiKey.objects.get(name="backend")
    assert reply.key not in repr([vars(row), list(ApiKey.objects.values())])


@pytest.mark.parametrize(
    ("permission", "path"), [("count", "/api/v0/count"), ("stats", "/api/v0/me")]
)
def test_the_line_to_paste_goes_to_the_readers_own_host(
    cast: Cast, permission: str, path: str
) -> None:
    browser = signed_in(cast.owner)
    browser.host = f"{cast.owner.host}:8080"
    page = make_key(browser, permissions=[permission]).content.decode()
    assert f"http://owner.example.com:8080{path}</code>" in page


def test_a_key_for_another_site_is_tried_there(cast: Cast) -> None:
    blog = services.add_site(account=cast.owner.account, code="blog")
    reply = make_key(signed_in(cast.owner), reach="some", sites=[str(blog.pk)])
    assert "http://blog.example.com:8000/api/v0/count</code>" in reply.content.decode()
    assert ApiKey.objects.get(name="backend").sites == [blog.pk]


def test_a_form_sent_twice_makes_one_key(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    form = key_form(browser)
    first, second = (browser.post("/settings/auth/keys", form) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 409)
    assert "perhaps by this form sent twice" in second.content.decode()
    assert 'id="new-key"' not in second.content.decode()
    assert ApiKey.objects.filter(name="backend").count() == 1
    assert make_key(browser, name="second").status_code == 200


@pytest.mark.parametrize("once", ["x", "", "WzEsMSwxXQ:1wMEpZ:rubbish"])
def test_a_form_that_is_not_ours_makes_none(cast: Cast, once: str) -> None:
    reply = make_key(signed_in(cast.owner), once=once)
    assert reply.status_code in (400, 409)
    assert not ApiKey.objects.filter(name="backend").exists()


def test_another_persons_form_makes_none(cast: Cast) -> None:
    theirs = key_form(signed_in(cast.stranger))["once"]
    assert make_key(signed_in(cast.owner), once=theirs).status_code == 409


def test_a_reload_of_the_answer_leads_back_to_the_page(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    for path in ("/settings/auth/keys", "/settings/auth/password", "/settings/auth/keys/1/revoke"):
        assert browser.get(path)["Location"] == "/settings/auth"


@pytest.mark.parametrize(
    ("chosen", "days"), [("never", None), ("30", 30), ("90", 90), ("365", 365)]
)
def test_expiries_to_choose(cast: Cast, chosen: str, days: int | None) -> None:
    make_key(signed_in(cast.owner), expires=chosen)
    expires = ApiKey.objects.get(name="backend").expires_at
    if days is None:
        assert expires is None
    else:
        assert expires is not None
        assert abs(expires - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_a_last_day_counts_to_its_end(cast: Cast) -> None:
    make_key(signed_in(cast.owner), expires="date", expires_on="2099-12-31")
    assert ApiKey.objects.get(name="backend").expires_at == datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": ""}, "must be set"),
        ({"name": "   "}, "must be set"),
        ({"name": "x" * 256}, "at most 255"),
        ({"permissions": []}, "must select at least one"),
        ({"permissions": ["all"]}, "Select a valid choice"),
        ({"reach": "some"}, "must select at least one"),
        ({"expires": "date"}, "must be set"),
        ({"expires": "date", "expires_on": "2001-01-01"}, "The expiry has passed already."),
        ({"expires": "date", "expires_on": "9999-12-31"}, "must not be after"),
        ({"expires": "date", "expires_on": "nonsense"}, "Enter a valid date"),
    ],
)
def test_what_breaks_a_rule_makes_no_key(cast: Cast, fields: dict[str, Any], text: str) -> None:
    reply = make_key(signed_in(cast.owner), **fields)
    assert reply.status_code == 400
    assert text in reply.content.decode()
    assert not ApiKey.objects.filter(name__startswith="backend").exists()


def test_another_accounts_sites_can_not_be_chosen(cast: Cast) -> None:
    reply = make_key(signed_in(cast.owner), reach="some", sites=[str(cast.stranger.site.pk)])
    assert reply.status_code == 400


def test_hostile_names_are_only_text(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    for page in (make_key(browser, name=HOSTILE), browser.get("/settings/auth")):
        text = page.content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "{{ 7|add:1 }}" in text


def test_the_list_tells_what_a_key_is(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    key = make_key(browser, name="Shop", permissions=["count", "stats"], expires="30").key
    page = browser.get("/settings/auth").content.decode()
    for text in (
        "Shop",
        f"{key[:9]}…",
        "Record pageviews, Read statistics",
        "by owner@example.net",
    ):
        assert text in page
    assert page.count("never</dd>") == 3  # the one of the cast: unused, for ever; this one: unused
    ApiClient(cast.owner, key=key).get("/api/v0/me")
    assert browser.get("/settings/auth").content.decode().count("never</dd>") == 2
    ApiKey.objects.filter(name="Shop").update(expires_at=timezone.now() - timedelta(days=1))
    assert '<span class="chip">expired</span>' in browser.get("/settings/auth").content.decode()


def test_a_revoked_key_fails_and_is_gone(cast: Cast) -> None:
    browser = signed_in(cast.owner, Role.ADMIN)
    key = ApiKey.objects.get(account=cast.owner.account)
    path = f"/settings/auth/keys/{key.pk}/revoke"
    assert browser.post(path)["Location"] == "/settings/auth#api"
    page = browser.get("/settings/auth").content.decode()
    assert "The key is revoked." in page
    assert key.prefix not in page
    assert ApiClient(cast.owner).get("/api/v0/me").status_code == 401
    assert browser.post(path).status_code == 404


def test_another_accounts_key_is_not_there(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    foreign = ApiKey.objects.get(account=cast.stranger.account)
    for key_id in (foreign.pk, 10**6, 10**30):
        assert browser.post(f"/settings/auth/keys/{key_id}/revoke").status_code == 404
    assert ApiClient(cast.stranger).get("/api/v0/me").status_code == 200
