"""What nobody can do to the pages from outside: each attack against every route of goatapi.urls."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from sites.middleware import OWN_PAGES
from sites.models import Session
from tests.dashboard.browser import PASSWORD, Browser, at, signed_in
from tests.dashboard.routes import PAGES, path_of
from tests.make import Cast

DOMAIN = "example.com"
EVIL = "evil.example"
OUT_OF_DATE = "This form is out of date."
SAME_FOR_ALL = {"/security.txt", "/.well-known/security.txt", "/api.html", "/api2.html"}
"""Hold nothing of anybody's and take nothing: they may be kept, and a POST is told that it is wrong."""

AWAY = [
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/%5Cevil.example",
    "/%2Fevil.example",
    "http://evil.example",
    "https:evil.example",
    "http:///evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)//evil.example",
    "data:text/html,evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\r\n/evil.example",
    " //evil.example",
    "\x00//evil.example",
    "//owner.example.com@evil.example",
    "http://owner.example.com:8000@evil.example",
    "/.//evil.example",
    "evil.example",
]
"""Spellings of a way to another host, by which browsers have been fooled before."""


def browsers(cast: Cast) -> list[Browser]:
    """An owner and a passer-by on a site's host, and a passer-by on the service's own name."""
    return [signed_in(cast.owner), at(cast.owner), Browser(DOMAIN)]


def visits(cast: Cast) -> Iterator[tuple[Browser, str]]:
    """Each of these with each path that its host has."""
    for browser in browsers(cast):
        for path in map(path_of, PAGES):
            if browser.host != DOMAIN or path in OWN_PAGES:
                yield browser, path


# --- forms from elsewhere


def refused(reply: Any, path: str) -> None:
    """The form was not taken, and whose it was is told why."""
    if path in SAME_FOR_ALL and reply.status_code == 405:
        return
    assert (reply.status_code, OUT_OF_DATE in reply.content.decode()) == (403, True), path


def test_no_form_is_taken_without_its_token(cast: Cast) -> None:
    for browser, path in visits(cast):
        refused(browser.post(path, token=False), path)


def test_no_form_is_taken_with_the_token_of_another_browser(cast: Cast) -> None:
    other = at(cast.stranger)
    other.get("/sign-in")
    token = other.http.cookies["goatapi_csrf"].value
    for browser, path in visits(cast):
        browser.get("/sign-in")
        refused(browser.post(path, {"csrfmiddlewaretoken": token}, token=False), path)


@pytest.mark.parametrize(
    "origin", ["null", f"http://{EVIL}", "http://stranger.example.com", "http://example.com"]
)
def test_no_form_is_taken_from_another_origin(cast: Cast, origin: str) -> None:
    browser = signed_in(cast.owner)
    data = {"csrfmiddlewaretoken": browser.http.cookies["goatapi_csrf"].value}
    headers = {"host": cast.owner.host, "origin": origin}
    for path in map(path_of, PAGES):
        refused(browser.http.post(path, data, headers=headers), path)


def test_a_query_is_no_form(cast: Cast) -> None:
    """What changes anything asks for POST; a token in an address is none."""
    browser = signed_in(cast.owner)
    token = browser.http.cookies["goatapi_csrf"].value
    for path in map(path_of, PAGES):
        asked = f"{path}?csrfmiddlewaretoken={token}"
        refused(browser.http.post(asked, headers={"host": cast.owner.host}), path)


def test_nobody_is_signed_out_from_elsewhere(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    for reply in (browser.get("/sign-out"), browser.post("/sign-out", token=False)):
        assert reply.status_code in (403, 405)
    assert browser.get("/settings/auth").status_code == 200


# --- sessions


def test_a_session_made_before_sign_in_is_worth_nothing_after_it(cast: Cast) -> None:
    """Whether it was made up, or given out by the server."""
    attacker = at(cast.owner)
    attacker.get("/sign-in")
    for planted in ("a" * 32, attacker.session_key or "b" * 40, "../../../etc/passwd", ""):
        victim = at(cast.owner)
        victim.http.cookies["goatapi_session"] = planted
        victim.sign_in("owner@example.net")
        assert victim.session_key not in ("", planted)
        thief = at(cast.owner)
        thief.http.cookies["goatapi_session"] = planted
        assert thief.get("/settings/auth").status_code == 302


def test_a_session_that_was_left_is_worth_nothing(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    key = browser.session_key
    browser.post("/sign-out")
    browser.http.cookies["goatapi_session"] = key
    assert browser.get("/settings/auth").status_code == 302
    assert not Session.objects.filter(session_key=key).exists()


def test_the_token_of_forms_changes_with_sign_in(cast: Cast) -> None:
    browser = at(cast.owner)
    browser.get("/sign-in")
    before = browser.http.cookies["goatapi_csrf"].value
    browser.sign_in("owner@example.net")
    assert browser.http.cookies["goatapi_csrf"].value != before


def test_every_cookie_is_for_this_host_and_no_script(cast: Cast) -> None:
    seen: set[str] = set()
    for browser, path in visits(cast):
        for name, cookie in browser.get(path).cookies.items():
            seen.add(name)
            assert (cookie["domain"], cookie["path"]) == ("", "/"), (name, path)
            assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax"), (name, path)
    assert "goatapi_csrf" in seen


# --- ways out


def leads_away(browser: Browser, location: str) -> bool:
    """Whether a browser that follows it leaves the host: tabs and newlines go, backslashes are slashes."""
    spelt = re.sub(r"[\t\r\n]", "", location).strip("\x00 ").replace("\\", "/")
    target = urlsplit(urljoin(f"http://{browser.host}/", spelt))
    return target.scheme not in ("http", "https") or EVIL in target.netloc


def those_who_send_on(cast: Cast) -> list[tuple[Browser, str, str]]:
    """Browsers, paths, and the name of what is in their query, where that leaves a trace in the answer."""
    found = []
    for browser, path in visits(cast):
        for name in ("next", "code", "return_to", "redirect"):
            reply = browser.get(f"{path}?{name}=/help-wanted")
            if "help-wanted" in f"{reply.get('Location', '')}{_html(reply)}":
                found.append((browser, path, name))
    return found


def test_no_page_sends_to_another_host(cast: Cast) -> None:
    senders = those_who_send_on(cast)
    assert "/sign-in" in {path for _, path, _ in senders}
    for browser, path, name in senders:
        for spelling in AWAY:
            reply = browser.http.get(path, {name: spelling}, headers={"host": browser.host})
            assert not leads_away(browser, reply.get("Location", "/")), (path, spelling)
            links = re.findall(r'(?:href|action|src)="([^"]*)"', _html(reply))
            assert not [link for link in links if leads_away(browser, link)], (path, spelling)


def test_no_form_sends_to_another_host(cast: Cast) -> None:
    for browser, path, name in those_who_send_on(cast):
        for spelling in AWAY:
            given = {"email": "owner@example.net", "password": PASSWORD, name: spelling}
            reply = browser.post(path, given)
            assert not leads_away(browser, reply.get("Location", "/")), (path, spelling)


@pytest.mark.parametrize("spelling", ["//evil.example/", "/\\evil.example/", "///evil.example//"])
def test_a_slash_at_the_end_does_not_send_to_another_host(cast: Cast, spelling: str) -> None:
    for browser in browsers(cast):
        reply = browser.http.generic("GET", spelling, headers={"host": browser.host})
        assert not leads_away(browser, reply.get("Location", "/"))


# --- whose host it is


@pytest.mark.parametrize(
    "host",
    [
        EVIL,
        "owner.example.com.evil.example",
        "owner.example.com@evil.example",
        "owner.example.com:80@evil.example",
        "nobody.example.com",
        "a.owner.example.com",
        "evil.example#.example.com",
        "owner.example.com, evil.example",
        "owner.example.com/evil.example",
        "-",
    ],
)
def test_an_unknown_host_has_no_page(cast: Cast, host: str) -> None:
    for path in set(map(path_of, PAGES)) - SAME_FOR_ALL:
        for browser in (signed_in(cast.owner), Browser(host)):
            browser.host = host
            reply = browser.get(path)
            assert reply.status_code in (400, 404), path
            assert "Location" not in reply


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-host", "x-host", "x-original-host", "x-http-host-override", "forwarded"],
)
def test_headers_that_name_another_host_are_not_believed(cast: Cast, header: str) -> None:
    value = f"host={EVIL};proto=https" if header == "forwarded" else EVIL
    for browser, path in visits(cast):
        reply = browser.get(path, **{header: value})
        assert EVIL not in f"{reply.get('Location', '')}{_html(reply)}", path


def test_a_path_in_a_header_is_not_gone_to(cast: Cast) -> None:
    browser = at(cast.owner)
    for header in ("x-original-url", "x-rewrite-url", "x-forwarded-prefix"):
        assert browser.get("/nothing", **{header: "/sign-in"}).status_code == 404


# --- frames, caches, scripts


def well_kept(reply: Any, path: str) -> None:
    """The headers that each page has, whatever its status."""
    policy = reply["Content-Security-Policy"]
    for rule in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy, path
    assert "unsafe" not in policy, path
    assert "*" not in policy.replace("http://*.example.com:8000", ""), path
    assert reply["X-Frame-Options"] == "DENY", path
    assert reply["X-Content-Type-Options"] == "nosniff", path
    assert reply["Referrer-Policy"] == "same-origin", path
    assert reply["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert "Access-Control-Allow-Origin" not in reply, path
    if path not in SAME_FOR_ALL:
        assert reply["Cache-Control"] == "no-store", path


def test_every_page_and_every_refusal_is_well_kept(cast: Cast) -> None:
    for browser, path in visits(cast):
        well_kept(browser.get(path), path)
        well_kept(browser.post(path, token=False), path)
        well_kept(browser.post(path), path)
        if path == "/sign-out" and browser.session_key:
            browser.sign_in("owner@example.net")


def test_pages_that_fail_are_well_kept(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("dashboard.start.render", broken)
    reply = at(cast.owner).get("/help")
    assert reply.status_code == 500
    assert "a secret" not in reply.content.decode()
    well_kept(reply, "/help")


@pytest.mark.parametrize("path", ["/nothing", "/settings/nothing", "/%00", "/sign-in/" + "x" * 900])
def test_pages_that_are_not_there_are_well_kept(cast: Cast, path: str) -> None:
    for browser in browsers(cast)[:2]:
        reply = browser.get(path)
        assert reply.status_code == 404
        well_kept(reply, path)


def test_under_https_everything_says_so(cast: Cast, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, url_scheme="https")
    browser = at(cast.owner)
    for path in map(path_of, PAGES):
        reply = browser.get(path)
        assert reply["Strict-Transport-Security"] == "max-age=63072000", path
        assert "http://" not in reply.get("Location", ""), path


def test_no_page_holds_anything_inline_or_foreign(cast: Cast) -> None:
    for browser, path in visits(cast):
        text = _html(browser.get(path))
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), path
        assert not re.findall(r"<script(?! src=\"/static/)(?! type=\"application/json\")", text), (
            path
        )
        loaded = r'<(?:script|img|link|iframe|source)[^>]+(?:src|href)="(?!/static/|data:image/)'
        assert not re.search(loaded, text), path


# --- methods


def test_every_route_knows_its_methods(cast: Cast) -> None:
    """GET or POST or both; HEAD is a GET without its body; nothing else does anything."""
    for browser, path in visits(cast):
        headers = {"host": browser.host, "x-csrftoken": browser.token()}
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND"):
            reply = browser.http.generic(method, path, headers=headers)
            # Where no page has a form, there is no token to bring either.
            assert reply.status_code == 405 or not browser.token(), (method, path)
            assert reply.status_code in (403, 405), (method, path)
        got, head = browser.get(path), browser.http.head(path, headers=headers)
        assert head.status_code == got.status_code, path
        assert head.get("Location") == got.get("Location"), path


def test_a_method_can_not_be_changed_on_the_way(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    for name in ("x-http-method-override", "x-method-override", "x-http-method"):
        assert browser.get("/sign-out", **{name: "POST"}).status_code == 405
    assert browser.get("/sign-out?_method=POST").status_code == 405
    assert browser.get("/settings/auth").status_code == 200


def _html(reply: Any) -> str:
    streamed = getattr(reply, "streaming", False)
    body = reply.getvalue() if streamed else reply.content
    return str(body.decode("utf-8", "replace"))
