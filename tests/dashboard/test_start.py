"""`/` on the service's own name, on local names, and on a site's host."""

from dataclasses import replace
from typing import Any

import pytest

from tests.dashboard.browser import Browser, at, signed_in
from tests.make import Cast, make_tenant

START = Browser("example.com")


def test_the_start_page_says_what_this_is_and_asks_for_a_code(cast: Cast) -> None:
    reply = START.get("/")
    text = reply.content.decode()
    assert reply.status_code == 200
    assert 'name="code"' in text
    assert 'name="token"' not in text
    assert 'href="/help"' in text


@pytest.mark.parametrize(
    "typed", ["owner", " Owner ", "owner.example.com", "http://owner.example.com:8000/x"]
)
def test_a_code_leads_to_the_sites_own_sign_in(cast: Cast, typed: str) -> None:
    reply = START.get(f"/?code={typed}")
    assert (reply.status_code, reply["Location"]) == (
        302,
        "http://owner.example.com:8000/sign-in",
    )


def test_a_code_that_nobody_has_leads_on_alike(cast: Cast) -> None:
    there, nowhere = START.get("/?code=owner"), START.get("/?code=nobody-has-this")
    assert nowhere.status_code == there.status_code
    assert nowhere["Location"] == there["Location"].replace("owner", "nobody-has-this")
    assert nowhere.content == there.content


@pytest.mark.parametrize("typed", ["", "x", "a/b", "evil.example", "a@b", "ü", "-a", "www"])
def test_what_can_be_no_code_is_refused_on_the_page(cast: Cast, typed: str) -> None:
    reply = START.http.get("/", {"code": typed}, headers={"host": "example.com"})
    assert reply.status_code == 400
    assert "Location" not in reply


def test_the_form_may_end_on_a_subdomain_and_nowhere_else(cast: Cast) -> None:
    assert (
        "form-action 'self' http://*.example.com:8000;" in START.get("/")["Content-Security-Policy"]
    )


def test_the_way_to_a_site_is_not_taken_from_the_host_header(cast: Cast) -> None:
    for host in ("localhost", "127.0.0.1", "example.com:81"):
        reply = Browser(host).get("/?code=owner")
        assert reply["Location"] == "http://owner.example.com:8000/sign-in"


def test_a_foreign_host_is_nobodys(cast: Cast) -> None:
    for host in ("evil.example", "nobody.example.com", "example.com.evil.example"):
        assert Browser(host).get("/").status_code == 404


def test_the_services_name_has_no_other_pages(cast: Cast) -> None:
    for path in ("/settings/auth", "/sign-out", "/api/v0/me", "/nothing"):
        assert START.get(path).status_code == 404
    assert START.get("/sign-in")["Location"] == "/"
    assert START.get("/help").status_code == 200


def test_local_names_are_the_only_site_while_there_is_one(db: None, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, domain="localhost")
    for host in ("localhost", "127.0.0.1"):
        assert 'name="token"' in Browser(host).get("/").content.decode()
    make_tenant("only")
    from sites.directory import directory  # noqa: PLC0415  # forgets what it was just asked

    directory().clear()
    for host in ("localhost", "127.0.0.1"):
        assert Browser(host).get("/")["Location"] == "/sign-in"
    make_tenant("second")
    directory().clear()
    for host in ("localhost", "127.0.0.1"):
        assert 'name="code"' in Browser(host).get("/").content.decode()


def test_a_sites_root_leads_to_its_settings_or_to_sign_in(cast: Cast) -> None:
    assert at(cast.owner).get("/")["Location"] == "/sign-in"
    browser = signed_in(cast.owner)
    assert browser.get("/")["Location"] == "/settings/auth"
    assert "There is no dashboard yet" in browser.get("/settings/auth").content.decode()


def test_the_help_carries_the_readers_own_address(cast: Cast) -> None:
    page = Browser(f"{cast.owner.host}:8080").get("/help").content.decode()
    assert f"http://{cast.owner.host}:8080/count.js" in page
    assert "http://my-site.example.com:8000/count.js" in START.get("/help").content.decode()


@pytest.mark.parametrize("path", ["/security.txt", "/.well-known/security.txt"])
def test_flaws_can_be_reported(cast: Cast, path: str) -> None:
    for host in ("example.com", cast.owner.host):
        reply = Browser(host).get(path)
        assert reply["Content-Type"] == "text/plain; charset=utf-8"
        lines = reply.content.decode().splitlines()
        assert lines[0] == "Contact: mailto:security@example.com"
        assert lines[1].startswith("Expires: 20")
