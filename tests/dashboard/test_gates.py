"""What guards all pages. Who gets what on which is in test_roles, what nobody can do to them in test_hardening."""

import re
from dataclasses import replace
from typing import Any

import pytest

from sites.models import Role, Session
from tests.client import ApiClient, Client
from tests.dashboard.browser import Browser, at, signed_in
from tests.make import Cast


@pytest.mark.parametrize("who", [Role.READ_ONLY, Role.SETTINGS])
def test_who_may_not_keep_keys_sees_the_list_without_forms(cast: Cast, who: Role) -> None:
    page = signed_in(cast.owner, who).get("/settings/auth").content.decode()
    assert "goat_" in page
    assert 'action="/settings/auth/keys' not in page
    assert "/revoke" not in page


def test_nobody_sees_another_accounts_keys_or_people(cast: Cast) -> None:
    page = signed_in(cast.owner).get("/settings/auth").content.decode()
    assert "stranger" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/sign-out",
        "/first-run",
        "/settings/auth/password",
        "/settings/auth/keys",
        "/settings/auth/keys/1/revoke",
    ],
)
def test_a_form_from_elsewhere_is_refused(cast: Cast, path: str) -> None:
    reply = signed_in(cast.owner).post(path, token=False)
    assert reply.status_code == 403
    assert "This form is out of date." in reply.content.decode()


def test_a_form_sent_by_another_origin_is_refused(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    data = {"csrfmiddlewaretoken": browser.http.cookies["goatapi_csrf"].value}
    for origin in ("http://stranger.example.com", "null", "http://evil.example"):
        headers = {"host": cast.owner.host, "origin": origin}
        assert browser.http.post("/sign-out", data, headers=headers).status_code == 403


def test_behind_a_proxy_that_ends_tls_forms_work(cast: Cast, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, url_scheme="https")
    browser = Browser(cast.owner.host)
    page = browser.get("/sign-in")
    assert page["Strict-Transport-Security"] == "max-age=63072000"
    data = {"csrfmiddlewaretoken": browser.http.cookies["goatapi_csrf"].value}
    for origin, status in ((f"https://{cast.owner.host}", 302), (f"http://{cast.owner.host}", 403)):
        headers = {"host": cast.owner.host, "origin": origin}
        assert browser.http.post("/sign-out", data, headers=headers).status_code == status
    api = ApiClient(cast.owner).get("/api/v0/me")
    assert api["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/settings/auth", "/help", "/nothing", "/security.txt"]
)
def test_pages_can_not_be_framed_sniffed_or_kept(cast: Cast, path: str) -> None:
    reply = signed_in(cast.owner).get(path)
    policy = reply["Content-Security-Policy"]
    assert policy == (
        "default-src 'self'; frame-ancestors 'none'; form-action 'self'; "
        "base-uri 'none'; object-src 'none'"
    )
    assert reply["X-Frame-Options"] == "DENY"
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert reply["Referrer-Policy"] == "same-origin"
    assert reply["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in reply["Permissions-Policy"]
    assert path == "/security.txt" or reply["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/help", "/sign-in", "/settings/auth", "/nothing"])
def test_pages_hold_nothing_inline_and_nothing_foreign(cast: Cast, path: str) -> None:
    page = signed_in(cast.owner).http.get(path, follow=True, headers={"host": cast.owner.host})
    text = page.content.decode()
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick=" not in text
    assert text.count("<script") == text.count('<script src="/static/')
    assert not re.search(r'<(script|img|link|form|iframe)[^>]+(src|href|action)="?(//|http)', text)


def test_programs_pay_for_no_session(cast: Cast, api: ApiClient) -> None:
    for path in ("/api/v0/me", "/count?p=/a", "/status", "/robots.txt"):
        reply = api.get(path)
        assert not reply.cookies
        assert "Content-Security-Policy" not in reply
        assert "Cookie" not in reply.get("Vary", "")
    assert api.get("/api/v0/me")["X-Content-Type-Options"] == "nosniff"
    assert not Session.objects.exists()


def test_a_session_opens_nothing_under_api(cast: Cast) -> None:
    assert signed_in(cast.owner).get("/api/v0/me").status_code == 401


def test_a_page_that_is_not_there_is_a_page_and_under_api_json(cast: Cast) -> None:
    reply = at(cast.owner).get("/nothing")
    assert (reply.status_code, "There is nothing here." in reply.content.decode()) == (404, True)
    assert at(cast.owner).get("/api/v0/nothing").json() == {"error": "not found"}


def test_the_style_sheet_has_its_hash_in_its_name_and_is_kept_for_ever(cast: Cast) -> None:
    page = at(cast.owner).get("/sign-in").content.decode()
    path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert path.startswith("/static/style.")
    assert len(path) > len("/static/style.css")
    reply = Client().get(path, headers={"host": cast.owner.host})
    assert reply["Content-Type"].startswith("text/css")
    assert "immutable" in reply["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in reply
    assert b"light-dark(" in reply.content
    headers = {"host": cast.owner.host, "if-none-match": reply["ETag"]}
    assert Client().get(path, headers=headers).status_code == 304
    assert Client().get("/static/../settings.py", headers=headers).status_code == 404
