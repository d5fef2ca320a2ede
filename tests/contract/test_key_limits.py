"""A key's own rate limit: in the headers, in what is refused, and for that key alone."""

from dataclasses import replace
from typing import Any

import pytest

from sites import key_services
from sites.models import ApiKey
from tests.client import ApiClient
from tests.make import Cast, Tenant

DAY = 86_400
HITS = {"hits": [{"path": "/a"}]}


@pytest.fixture(autouse=True)
def _classes(settings: Any) -> None:
    """No window is to end within a test."""
    rates = {"api": (5, DAY), "api-count": (5, DAY), "key": (9, DAY)}
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit=rates)


def limited(tenant: Tenant, requests: int, seconds: int = DAY) -> ApiClient:
    """A client with a new key of the tenant that has this limit."""
    _, text = key_services.create_api_key(
        account=tenant.account,
        user=tenant.user,
        name="limited",
        permissions=2,
        limit=(requests, seconds),
    )
    return ApiClient(tenant, key=text)


def told(reply: Any) -> tuple[int, str, str]:
    """Status, limit, remaining."""
    return reply.status_code, reply["X-Rate-Limit-Limit"], reply["X-Rate-Limit-Remaining"]


def test_the_headers_are_the_keys_own(cast: Cast) -> None:
    mine = limited(cast.owner, 2)
    assert told(mine.get("/api/v0/me")) == (200, "2", "1")
    assert told(mine.get("/api/v0/nothing")) == (404, "2", "0")
    refused = mine.get("/api/v0/me")
    assert told(refused) == (429, "2", "0")
    assert refused["Retry-After"] == refused["X-Rate-Limit-Reset"]


def test_counting_has_as_many_of_its_own(cast: Cast) -> None:
    mine = limited(cast.owner, 1)
    assert told(mine.get("/api/v0/me")) == (200, "1", "0")
    assert told(mine.post("/api/v0/count", HITS)) == (202, "1", "0")
    assert told(mine.post("/api/v0/count", HITS)) == (429, "1", "0")


def test_other_keys_and_other_accounts_keep_theirs(cast: Cast) -> None:
    mine = limited(cast.owner, 1)
    assert [mine.get("/api/v0/me").status_code for _ in range(2)] == [200, 429]
    assert told(ApiClient(cast.owner).get("/api/v0/me")) == (200, "5", "4")
    assert told(ApiClient(cast.stranger).get("/api/v0/me")) == (200, "5", "4")


def test_a_strangers_key_is_counted_by_its_address_not_by_its_limit(cast: Cast) -> None:
    foreign = limited(cast.stranger, 1)
    here = ApiClient(cast.owner, key=foreign.key)
    assert told(here.get("/api/v0/me")) == (401, "5", "4")
    assert told(foreign.get("/api/v0/me")) == (200, "1", "0")


def test_a_key_may_have_more_than_its_class_up_to_the_servers_most(cast: Cast) -> None:
    assert told(limited(cast.owner, 9).get("/api/v0/me")) == (200, "9", "8")


def test_what_the_operator_lowers_holds_for_keys_that_were_made_before(
    cast: Cast, settings: Any
) -> None:
    mine = limited(cast.owner, 9)
    rates = settings.ENVIRONMENT.ratelimit | {"key": (3, DAY)}
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit=rates)
    assert told(mine.get("/api/v0/me")) == (200, "3", "2")


def test_a_changed_limit_holds_from_the_second_request_on(cast: Cast) -> None:
    mine = limited(cast.owner, 4)
    assert told(mine.get("/api/v0/me")) == (200, "4", "3")
    ApiKey.objects.filter(name="limited").update(limit_requests=2)
    assert told(mine.get("/api/v0/me")) == (200, "4", "2")
    assert [told(mine.get("/api/v0/me")) for _ in range(3)] == [
        (200, "2", "1"),
        (200, "2", "0"),
        (429, "2", "0"),
    ]


def test_where_classes_have_no_limit_a_keys_own_holds(cast: Cast, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"api": None, "key": None})
    mine = limited(cast.owner, 1)
    assert [mine.get("/api/v0/me").status_code for _ in range(2)] == [200, 429]
    assert "X-Rate-Limit-Limit" not in ApiClient(cast.owner).get("/api/v0/me")


def test_without_a_limit_again_the_classs_holds(cast: Cast) -> None:
    mine = limited(cast.owner, 1)
    assert told(mine.get("/api/v0/me")) == (200, "1", "0")
    ApiKey.objects.filter(name="limited").update(limit_requests=None, limit_seconds=None)
    ApiClient(cast.stranger).get("/api/v0/me")  # another's requests tell the limiter nothing
    assert mine.get("/api/v0/me").status_code == 429
