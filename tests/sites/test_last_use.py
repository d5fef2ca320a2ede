"""What is noted of a key's use: when, the route, the country; never an address or what was asked."""

from typing import Any

import pytest

from sites.last_use import note_use
from sites.models import ApiKey
from tests.client import ApiClient, Client
from tests.make import Cast

DUTCH = "145.97.0.1"


def used(cast: Cast) -> ApiKey:
    """The owner's key, as it is stored."""
    return ApiKey.objects.get(account=cast.owner.account)


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("GET", "/api/v0/export?limit=1", "GET /api/v0/export"),
        ("GET", "/api/v0/export/77", "GET /api/v0/export/{id}"),
        ("DELETE", "/api/v0/export/77", "DELETE /api/v0/export/{id}"),
        ("POST", "/api/v0/count", "POST /api/v0/count"),
    ],
)
def test_the_route_is_noted_and_nothing_of_what_was_asked(
    cast: Cast, method: str, path: str, endpoint: str
) -> None:
    ApiClient(cast.owner).send(method, path)
    assert used(cast).last_used_endpoint == endpoint


def test_the_country_is_noted_and_the_address_is_not(cast: Cast) -> None:
    headers = {"host": cast.owner.host, "authorization": f"Bearer {cast.owner.key}"}
    Client().get("/api/v0/me", headers=headers, REMOTE_ADDR=DUTCH)
    assert used(cast).last_used_country == "NL"
    assert DUTCH not in repr(ApiKey.objects.values())


def test_an_address_of_nowhere_has_no_country(cast: Cast) -> None:
    ApiClient(cast.owner).get("/api/v0/me")
    assert used(cast).last_used_country == ""


def test_a_strangers_key_knocking_here_notes_nothing(cast: Cast) -> None:
    assert ApiClient(cast.stranger).at(cast.owner).get("/api/v0/me").status_code == 401
    assert not ApiKey.objects.exclude(last_used_at=None).exists()


def test_of_two_requests_at_once_one_writes(cast: Cast, rf: Any) -> None:
    """Both have seen a key that nobody had used."""
    first, second = used(cast), used(cast)
    note_use(first, rf.get("/one"))
    note_use(second, rf.post("/two"))
    assert used(cast).last_used_endpoint.startswith("GET ")
