"""The first table of part 1.10, on the endpoint that it is written for."""

from typing import Any

import pytest

from sites import keys
from tests.client import ApiClient
from tests.make import Cast, make_key

URL = "/api/v0/test"
UNEXPECTED = "unexpected error code ‘"


def test_without_a_key(api: ApiClient) -> None:
    reply = api.without_key().get(URL)
    assert (reply.status_code, reply.json()) == (401, {"error": "no Authorization header"})


def test_with_an_unknown_key(api: ApiClient) -> None:
    reply = ApiClient(api.tenant, key=api.key + "x").get(URL)
    assert (reply.status_code, reply.json()) == (401, {"error": "unknown token"})


def test_with_too_few_permissions(api: ApiClient) -> None:
    api.key = make_key(api.tenant.site, api.tenant.user, 0)
    reply = api.post(URL, {"perm": 6})
    assert reply.status_code == 403
    assert reply.json() == {"error": "requires 'count', 'export' permissions"}


def test_with_the_permissions(api: ApiClient) -> None:
    api.key = make_key(api.tenant.site, api.tenant.user, keys.COUNT | keys.EXPORT)
    assert api.post(URL, {"perm": 6}).status_code == 200


@pytest.mark.parametrize("body", [{"status": 500}, {"panic": True}])
def test_an_unexpected_error(api: ApiClient, body: dict[str, Any]) -> None:
    reply = api.post(URL, body)
    assert reply.status_code == 500
    assert reply.json()["error"].startswith(UNEXPECTED)


def test_another_status(api: ApiClient) -> None:
    reply = api.post(URL, {"status": 418})
    assert (reply.status_code, reply.json()) == (418, {"error": "status 418"})


def test_a_body_that_is_no_json(api: ApiClient) -> None:
    reply = api.post(URL, b"{{{{")
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("invalid JSON:")


def test_a_document_of_another_type(api: ApiClient) -> None:
    reply = api.post(URL, b"", Content_Type="text/html")
    assert reply.status_code == 415
    assert reply["Content-Type"].startswith("application/json")


def test_validation_errors_are_lists_by_field(api: ApiClient) -> None:
    errors = {"e": ["must be a valid email address"], "r": ["must be set"]}
    reply = api.post(URL, {"validate": {"errors": errors}})
    assert (reply.status_code, reply.json()) == (400, {"errors": errors})


def test_unknown_parameters_in_body_and_query(api: ApiClient) -> None:
    for reply in (api.post(URL, {"unknown": "aa"}), api.get(f"{URL}?unknown=1")):
        assert reply.status_code == 400
        assert reply.json() == {"error": 'unknown parameter: "unknown"'}


def test_the_context(api: ApiClient) -> None:
    reply = api.post(URL, {"context": True})
    assert reply.status_code == 200
    assert reply.json()["site_id"] == api.tenant.site.pk


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_an_empty_body(api: ApiClient, content_type: str) -> None:
    assert api.post(URL, b"", Content_Type=content_type).status_code == 200


def test_a_stranger_is_unknown(cast: Cast, stranger: ApiClient) -> None:
    assert stranger.at(cast.owner).get(URL).status_code == 401
