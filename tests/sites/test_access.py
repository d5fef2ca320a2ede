"""The gates, over HTTP: statuses and texts of part 1.1, and that no key opens another's door."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import timezone
from time_machine import travel

from goatapi import errors
from goatapi.http.ratelimit import Caller
from sites import key_services, keys, queries, services
from sites.access import rate_key
from sites.models import ApiKey, Membership, Role
from tests.client import Client
from tests.sites.people import Response, Tenant, get, tenant

pytestmark = pytest.mark.django_db
ME = "/api/v0/me"
SITES = "/api/v0/sites"


def refused(response: Response, status: int, text: str) -> bool:
    """The answer is this refusal in the contract's form, with its challenge if it is a 401."""
    challenge = "Basic realm=GoatCounter" if status == 401 else None
    body = json.loads(response.content)
    return (
        (response.status_code, body) == (status, {"error": text})
        and response.headers["Content-Type"].startswith("application/json")
        and response.headers.get("WWW-Authenticate") == challenge
    )


@pytest.fixture
def foo() -> Tenant:
    """The tenant who is asked."""
    return tenant("foo")


def test_a_request_without_a_key(foo: Tenant) -> None:
    assert refused(get(foo.host, ME), 401, "no Authorization header")


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer a b", "Token abc", "abc", "Basic !!!", "Basic dXNlcg==", "Basic dXNlcjo="],
)
def test_a_header_of_another_form(foo: Tenant, header: str) -> None:
    response = get(foo.host, ME, authorization=header)
    assert refused(response, 401, "wrong format for Authorization header")


def test_every_form_that_a_key_can_come_in(foo: Tenant) -> None:
    _, text = foo.key()
    basic = base64.b64encode(f"anybody:{text}".encode()).decode()
    for header in (f"Bearer {text}", f"bearer {text}", f"BEARER  {text}", f"Basic {basic}"):
        assert get(foo.host, ME, authorization=header).status_code == 200


@pytest.mark.parametrize("text", ["x", "goat_" + "0" * 34, keys.make(), "é" * 39])
def test_an_unknown_key(foo: Tenant, text: str) -> None:
    foo.key()
    assert refused(get(foo.host, ME, key=text), 401, "unknown token")


def test_a_malformed_key_is_refused_without_a_query(
    foo: Tenant, django_assert_num_queries: Any
) -> None:
    get(foo.host, ME)  # the directory now knows the host
    with django_assert_num_queries(0):
        get(foo.host, ME, key=keys.make()[:-1] + "!")


def test_a_key_of_one_account_works_on_no_other(foo: Tenant) -> None:
    bar = tenant("bar")
    _, text = bar.key()
    assert get(bar.host, ME, key=text).status_code == 200
    for path in (ME, SITES, f"{SITES}/{foo.site.pk}", f"{SITES}/{bar.site.pk}"):
        assert refused(get(foo.host, path, key=text), 401, "unknown token")


def test_a_person_of_two_accounts_has_keys_for_each_alone(foo: Tenant) -> None:
    bar = tenant("bar", email=foo.owner.email)
    _, text = bar.key()
    assert bar.owner == foo.owner
    assert refused(get(foo.host, ME, key=text), 401, "unknown token")


def test_a_revoked_key_fails_on_its_next_request(foo: Tenant) -> None:
    key, text = foo.key()
    assert get(foo.host, ME, key=text).status_code == 200
    key_services.revoke_api_key(account=foo.account, user=foo.owner, key_id=key.pk)
    assert refused(get(foo.host, ME, key=text), 401, "unknown token")


def test_a_key_is_not_revoked_from_another_account(foo: Tenant) -> None:
    key, text = foo.key()
    with pytest.raises(errors.NotFound):
        key_services.revoke_api_key(account=tenant("bar").account, user=None, key_id=key.pk)
    assert get(foo.host, ME, key=text).status_code == 200


def test_an_expired_key(foo: Tenant) -> None:
    _, text = foo.key(expires=timezone.now() + timedelta(days=1))
    assert get(foo.host, ME, key=text).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now())
    assert refused(get(foo.host, ME, key=text), 401, "unknown token")


def test_a_key_for_another_site_of_the_account(foo: Tenant) -> None:
    child = foo.add("child")
    _, text = foo.key(sites=[child.pk])
    assert get("child.example.com", ME, key=text).status_code == 200
    refusal = "this token does not have access to this site"
    assert refused(get(foo.host, ME, key=text), 403, refusal)


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.SETTINGS])
def test_a_key_whose_owner_is_no_admin_any_more(foo: Tenant, role: Role) -> None:
    _, text = foo.key()
    services.add_member(account=foo.account, user=foo.owner, role=role)
    refusal = "only admins can create and use API keys"
    assert refused(get(foo.host, ME, key=text), 401, refusal)


def test_a_key_whose_owner_has_left(foo: Tenant) -> None:
    _, text = foo.key()
    Membership.objects.filter(account=foo.account).delete()
    refusal = "only admins can create and use API keys"
    assert refused(get(foo.host, ME, key=text), 401, refusal)


def test_a_missing_permission_is_named(foo: Tenant) -> None:
    _, text = foo.key("count", "export", "stats", "site-create", "site-update")
    assert refused(get(foo.host, SITES, key=text), 403, "requires 'site-read' permissions")


def test_a_key_without_any_permission_may_still_say_whose_it_is(foo: Tenant) -> None:
    _, text = foo.key(permissions=keys.NOTHING)
    assert get(foo.host, ME, key=text).status_code == 200
    assert refused(get(foo.host, SITES, key=text), 403, "requires 'site-read' permissions")


def test_one_permission_of_several_is_enough(foo: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sites.api.SiteViewSet.required_permissions", {"list": 6})
    assert get(foo.host, SITES, key=foo.key("export")[1]).status_code == 200
    refusal = "requires 'count', 'export' permissions"
    assert refused(get(foo.host, SITES, key=foo.key("stats")[1]), 403, refusal)


def test_a_view_that_names_no_permissions_is_closed(
    foo: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("sites.api.SiteViewSet.required_permissions")
    assert get(foo.host, SITES, key=foo.key()[1]).status_code == 500


def test_the_method_is_looked_at_before_the_key(foo: Tenant) -> None:
    response = Client().delete(ME, headers={"host": foo.host})
    assert refused(response, 405, "method not allowed")


def test_the_last_use_is_written_at_most_once_a_minute(
    foo: Tenant, django_assert_max_num_queries: Any
) -> None:
    key, text = foo.key()
    with travel("2026-01-01T12:00:00Z", tick=False) as clock:
        get(foo.host, SITES, key=text)
        clock.shift(59)
        with django_assert_max_num_queries(9) as asked:
            get(foo.host, SITES, key=text)
        assert not any("UPDATE" in query["sql"] for query in asked.captured_queries)
        key.refresh_from_db()
        assert key.last_used_at is not None
        assert key.last_used_at.isoformat() == "2026-01-01T12:00:00+00:00"
        clock.shift(1)
        get(foo.host, SITES, key=text)
        key.refresh_from_db()
        assert key.last_used_at.isoformat() == "2026-01-01T12:01:00+00:00"


def test_a_refused_key_is_not_noted_as_used(foo: Tenant) -> None:
    child = foo.add("child")
    key, text = foo.key(sites=[child.pk])
    get(foo.host, ME, key=text)
    key.refresh_from_db()
    assert key.last_used_at is None


def test_no_key_is_logged(foo: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    text = foo.key()[1]
    get(foo.host, ME, key=text)
    get(tenant("bar").host, ME, key=text)
    assert text not in caplog.text


def test_a_rate_limit_counts_a_key_only_where_it_belongs(foo: Tenant) -> None:
    key, text = foo.key()
    bar = tenant("bar")
    request = RequestFactory().get(ME, headers={"authorization": f"Bearer {text}"})
    assert rate_key(request) is None
    request.site = queries.ref(foo.site)  # type: ignore[assignment]  # as the middleware does
    assert rate_key(request) == Caller(f"key:{key.pk}")
    request.site = queries.ref(bar.site)  # type: ignore[assignment]
    assert rate_key(request) is None
