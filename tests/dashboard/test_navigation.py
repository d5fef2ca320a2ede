"""The settings pages' navigation, and htmx on them."""

import re
from typing import Any

import pytest

from dashboard import navigation
from sites.models import Role
from tests.dashboard.browser import at, signed_in
from tests.make import Cast, Tenant, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def owner(cast: Cast) -> Tenant:
    return cast.owner


def links_on(page: Any) -> list[tuple[str, bool]]:
    """Address and currentness of each link in the navigation."""
    nav = re.search(r'<nav class="pages".*?</nav>', page.content.decode(), re.DOTALL)
    assert nav, "no navigation"
    found = re.findall(r'<a href="([^"]+)"( aria-current="page")?', nav[0])
    return [(path, bool(current)) for path, current in found]


def test_the_navigation_says_where_one_is(owner: Tenant) -> None:
    assert ("/settings/auth", True) in links_on(signed_in(owner).get("/settings/auth"))
    below = navigation.links(Role.OWNER, "/settings/auth/password")
    assert [link.path for link in below if link.current] == ["/settings/auth"]
    beside = navigation.links(Role.OWNER, "/settings/authors")
    assert not [link for link in beside if link.current]


@pytest.mark.parametrize("role", list(Role))
def test_everybody_is_led_to_pages_that_open_for_them(owner: Tenant, role: Role) -> None:
    browser = signed_in(owner, role)
    links = links_on(browser.get("/settings/auth"))
    assert {path: browser.get(path).status_code for path, _ in links} == {
        path: 200 for path, _ in links
    }


def test_nobody_is_led_to_pages_that_are_closed_to_them(owner: Tenant) -> None:
    browser = signed_in(owner, Role.READ_ONLY)
    shown = {path for path, _ in links_on(browser.get("/settings/auth"))}
    closed = {page.path for page in navigation.PAGES} - shown
    assert all(browser.get(path).status_code in (403, 404) for path in closed)


def test_strangers_see_no_navigation(cast: Cast) -> None:
    for browser in (at(cast.owner), signed_in(cast.stranger)):
        browser.host = cast.owner.host
        assert browser.get("/settings/auth").status_code == 302


def test_htmx_is_ours_and_may_do_little(owner: Tenant) -> None:
    browser = signed_in(owner)
    page = browser.get("/settings/auth").content.decode()
    script = re.search(r'<script src="(/static/htmx/[^"]+)"', page)
    assert script
    assert "htmx" in browser.get(script[1]).content.decode()
    for setting in (
        '"includeIndicatorStyles":false',
        '"allowEval":false',
        '"selfRequestsOnly":true',
    ):
        assert setting in page


def test_a_redirect_leads_the_whole_page_away_from_a_fragment(owner: Tenant) -> None:
    reply = at(owner).get("/settings/auth", **{"HX-Request": "true"})
    assert (reply.status_code, reply["HX-Redirect"]) == (200, "/sign-in?next=%2Fsettings%2Fauth")
