"""/me, /sites and the tenant of a request, over HTTP."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from sites import queries
from sites.directory import directory
from sites.models import Site
from tests.sites.people import get, tenant

pytestmark = pytest.mark.django_db
ME = "/api/v0/me"
SITES = "/api/v0/sites"

SITE_FIELDS = """
id parent cname cname_setup_at code link_domain setttings user_defaults received_data state
created_at updated_at first_hit_at
"""
USER_FIELDS = """
id site email email_verified totp_enabled access login_at open_at reset_at settings
last_report_at created_at updated_at
"""
PREFERENCES = """
twenty_four_hours sunday_starts_week language date_format number_format timezone widgets views
email_reports fewer_numbers fewer_numbers_lock_until theme datepicker
"""
FRESH_SETTINGS = {
    "public": "private", "secret": "", "allow_counter": False, "allow_bosmang": False,
    "data_retention": 0, "ignore_ips": "", "collect": 446, "collect_regions": "US,RU,CN",
    "allow_embed": "",
}  # fmt: skip


def answer(host: str, path: str, key: str) -> Any:
    """The value of a 200."""
    response = get(host, path, key=key)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def codes(host: str, key: str) -> list[str]:
    """What a list of sites holds."""
    return [site["code"] for site in answer(host, SITES, key)["sites"]]


def test_me_shows_the_key_and_its_owner() -> None:
    foo = tenant("foo")
    me = answer(foo.host, ME, foo.key("count", "export")[1])
    assert list(me) == ["user", "token"]
    assert list(me["user"]) == USER_FIELDS.split()
    assert list(me["user"]["settings"]) == PREFERENCES.split()
    assert me["token"] == {"name": "test", "permissions": 6, "sites": [-1]}
    assert (me["user"]["id"], me["user"]["site"]) == (foo.owner.pk, foo.site.pk)
    assert (me["user"]["email"], me["user"]["access"]) == ("owner@foo.org", {"all": "a"})


def test_on_every_site_of_an_account_me_names_the_primary() -> None:
    foo = tenant("foo")
    foo.add("child")
    me = answer("child.example.com", ME, foo.key()[1])
    assert me["user"]["site"] == foo.site.pk


def test_no_answer_holds_a_password_or_a_key() -> None:
    foo = tenant("foo")
    key, text = foo.key()
    content = get(foo.host, ME, key=text).content.decode()
    assert text not in content
    assert key.digest.hex() not in content
    assert foo.owner.password not in content


def test_a_site_as_it_is_when_new() -> None:
    foo = tenant("foo")
    Site.objects.update(created_at="2026-06-18T12:13:14.567Z")
    site = answer(foo.host, f"{SITES}/{foo.site.pk}", foo.key("site-read")[1])
    assert list(site) == SITE_FIELDS.split()
    assert site.pop("setttings") == FRESH_SETTINGS
    defaults = site.pop("user_defaults")
    assert list(defaults) == PREFERENCES.split()
    assert [w["n"] for w in defaults["widgets"]][:2] == ["pages", "totalpages"]
    assert defaults["fewer_numbers_lock_until"] == "0001-01-01T00:00:00Z"
    assert site == {
        "id": foo.site.pk, "parent": None, "cname": None, "cname_setup_at": None, "code": "foo",
        "link_domain": "", "received_data": False, "state": "a",
        "created_at": "2026-06-18T12:13:14Z", "updated_at": None,
        "first_hit_at": "2026-06-18T12:13:14Z",
    }  # fmt: skip


def test_the_description_fits_the_answers() -> None:
    described = SchemaGenerator().get_schema(public=True)
    shapes = described["components"]["schemas"]
    assert list(shapes["Site"]["properties"]) == SITE_FIELDS.split()
    assert list(shapes["User"]["properties"]) == USER_FIELDS.split()
    assert list(shapes["UserSettings"]["properties"]) == PREFERENCES.split()
    listing = described["paths"]["/api/v0/sites"]["get"]
    assert "$ref" in listing["responses"]["200"]["content"]["application/json"]["schema"]
    assert listing["security"] == [{"basicAuth": []}, {"bearerAuth": []}]


def first_hit(_site_id: int) -> int | None:
    """What the room of the hits would say."""
    return 1_592_483_520


def test_a_site_that_has_counted_something(settings: Settings) -> None:
    settings.SITES_FIRST_HIT_AT = f"{__name__}.first_hit"
    foo = tenant("foo")
    site = answer(foo.host, f"{SITES}/{foo.site.pk}", foo.key()[1])
    assert (site["received_data"], site["first_hit_at"]) == (True, "2020-06-18T12:32:00Z")


def test_the_primary_lists_itself_and_then_the_others_by_code() -> None:
    foo = tenant("foo")
    child = foo.add("zzz")
    foo.add("aaa")
    tenant("bar")
    _, text = foo.key()
    assert codes(foo.host, text) == ["foo", "aaa", "zzz"]
    assert codes("zzz.example.com", text) == ["zzz"]
    assert answer(foo.host, f"{SITES}/{child.pk}", text)["parent"] == foo.site.pk


def test_a_key_for_some_sites_sees_no_others() -> None:
    foo = tenant("foo")
    foo.add("aaa")
    child = foo.add("zzz")
    _, text = foo.key(sites=[foo.site.pk, child.pk])
    assert codes(foo.host, text) == ["foo", "zzz"]


def test_foreign_unknown_and_deleted_sites_look_alike() -> None:
    foo, bar = tenant("foo"), tenant("bar")
    gone = foo.add("gone")
    Site.objects.filter(pk=gone.pk).update(state="d")
    _, text = foo.key()
    for site_id in (bar.site.pk, 4_000, gone.pk, 2**31 - 1):
        response = get(foo.host, f"{SITES}/{site_id}", key=text)
        assert (response.status_code, json.loads(response.content)) == (404, {"error": "not found"})


def test_a_child_does_not_show_its_parent() -> None:
    foo = tenant("foo")
    foo.add("child")
    response = get("child.example.com", f"{SITES}/{foo.site.pk}", key=foo.key()[1])
    assert response.status_code == 404


@pytest.mark.parametrize("text", ["x", "1.5", str(2**31), "1e3", "٣", "1 "])
def test_an_id_that_is_no_number(text: str) -> None:
    foo = tenant("foo")
    response = get(foo.host, f"{SITES}/{text}", key=foo.key()[1])
    assert response.status_code == 400
    assert json.loads(response.content) == {"errors": {"id": ["must be a whole number"]}}


@pytest.mark.parametrize(
    "host", ["who.example.com", "example.com", "stats.foo.org", "a.foo.example.com"]
)
def test_a_host_without_a_site(host: str) -> None:
    tenant("foo")
    response = get(f"{host}:8000", ME)
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("application/json")
    assert json.loads(response.content) == {"error": f'no site at this domain ("{host}")'}


def test_outside_of_the_api_it_is_a_page_that_escapes_the_host() -> None:
    response = get('<b>"x', "/")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")
    assert b"<b>" not in response.content
    assert b"no site at this domain" in response.content


@pytest.mark.parametrize("path", ["/status", "/healthz", "/readyz"])
def test_the_paths_of_no_tenant_answer_on_any_host(path: str) -> None:
    for host in ("who.example.com", "example.com"):
        assert b"no site at this domain" not in get(host, path).content


def test_local_names_serve_the_only_site() -> None:
    foo = tenant("foo")
    _, text = foo.key()
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert answer(host, ME, text)["user"]["site"] == foo.site.pk
    tenant("bar")
    directory().clear()
    assert get("localhost", ME, key=text).status_code == 404


def test_when_the_database_is_down_a_new_host_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(_host: str) -> None:
        raise OperationalError

    monkeypatch.setattr(queries, "site_by_host", down)
    response = get("foo.example.com", ME)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
