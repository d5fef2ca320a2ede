"""The way to the first pageview."""

import html
import json
import re

import pytest

from sites.models import ApiKey, Role
from tests.client import Client
from tests.dashboard.browser import Browser, at, signed_in
from tests.make import Cast, drain

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def make_key(browser: Browser) -> tuple[int, str]:
    """Press the button; the status and the line that the page shows."""
    page = browser.get("/welcome").content.decode()
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once
    answer = browser.post("/welcome", {"once": once[1]})
    line = re.search(r'id="curl">([^<]+)<', answer.content.decode())
    return answer.status_code, html.unescape(line[1]) if line else ""


def test_the_page_shows_this_sites_script_tag(cast: Cast) -> None:
    page = signed_in(cast.owner).get("/welcome").content.decode()
    assert "http://owner.example.com:8000/count.js" in page
    assert 'data-goatcounter="http://owner.example.com:8000/count"' in html.unescape(page)


def test_the_button_makes_a_key_that_counts_on_this_site_and_nothing_else(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    before = ApiKey.objects.count()
    assert browser.get("/welcome").status_code == 200
    assert ApiKey.objects.count() == before, "looking makes none"
    _, line = make_key(browser)
    text = re.search(r"Bearer (\S+)'", line)
    assert text
    key = ApiKey.objects.latest("pk")
    assert (key.permissions, key.sites) == (2, [cast.owner.site.pk])
    assert "/api/v0/count" in line
    assert text[1] not in browser.get("/welcome").content.decode(), "shown once"


def test_the_line_brings_the_first_pageview_and_the_page_turns_green(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    _, line = make_key(browser)
    assert browser.get("/welcome/status").status_code == 204
    key = re.search(r"Bearer (\S+)'", line)
    data = re.search(r"--data '([^']+)'", line)
    assert key
    assert data
    answer = Client().post(
        "/api/v0/count",
        json.loads(data[1]),
        content_type="application/json",
        headers={"host": cast.owner.host, "authorization": f"Bearer {key[1]}"},
    )
    assert answer.status_code == 202
    drain()
    status = browser.get("/welcome/status")
    assert status.status_code == 286, "htmx asks no more"
    assert "The first pageview is here" in status.content.decode()
    page = browser.get("/welcome").content.decode()
    assert "The first pageview is here" in page
    assert "hx-trigger" not in page


def test_a_browsers_pageview_turns_it_green_and_only_here(cast: Cast) -> None:
    Client().get("/count?p=/one", headers={"host": cast.owner.host, "user-agent": FIREFOX})
    drain()
    assert signed_in(cast.owner).get("/welcome/status").status_code == 286
    assert signed_in(cast.stranger).get("/welcome/status").status_code == 204


def test_without_javascript_one_looks_again(cast: Cast) -> None:
    page = signed_in(cast.owner).get("/welcome").content.decode()
    assert '<a href="/welcome">Look again</a>' in page
    assert 'role="status" hx-get="/welcome/status" hx-trigger="every 2s"' in page


def test_a_form_sent_twice_makes_one_key(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    page = browser.get("/welcome").content.decode()
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once
    before = ApiKey.objects.count()
    statuses = [browser.post("/welcome", {"once": once[1]}).status_code for _ in range(2)]
    assert statuses == [200, 409]
    assert ApiKey.objects.count() == before + 1


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.SETTINGS])
def test_it_is_for_admins(cast: Cast, role: Role) -> None:
    browser = signed_in(cast.owner, role)
    assert browser.get("/welcome").status_code == 403
    assert browser.get("/welcome/status").status_code == 403
    assert browser.post("/welcome", {"once": "x"}).status_code == 403


def test_strangers_are_asked_to_sign_in(cast: Cast) -> None:
    nobody = at(cast.owner)
    assert nobody.get("/welcome")["Location"] == "/sign-in?next=%2Fwelcome"
    assert nobody.get("/welcome/status").status_code == 302
    assert nobody.post("/welcome", {"once": "x"}).status_code == 302
    assert nobody.get("/welcome?token=nothing")["Location"] == "/welcome"


def test_the_bare_domain_has_none(cast: Cast) -> None:
    assert Browser("example.com").get("/welcome").status_code == 404
