"""The reference as documents for programs: where they are, that they are valid, and that they tell all."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern
from openapi_spec_validator import OpenAPIV31SpecValidator

from goatapi.errors import Unavailable
from goatapi.urls import urlpatterns
from sites import keys
from sites.directory import directory
from tests.client import Client
from tests.make import Cast

Object = dict[str, Any]
DOCUMENTS = ("/api.json", "/api.openapi.json")
UNDESCRIBED = {
    "api/v0/test",  # a probe for tests of clients, undocumented as GoatCounter's is
}


def document(path: str) -> Object:
    """What is served there, to anybody."""
    reply = Client().get(path)
    assert reply.status_code == 200
    found: Object = json.loads(reply.content)
    return found


@pytest.fixture(scope="module")
def reference() -> Object:
    """The 3.1 document."""
    return document("/api.openapi.json")


@pytest.fixture(scope="module")
def operations(reference: Object) -> list[Object]:
    """All of its operations."""
    return [each for item in reference["paths"].values() for each in item.values()]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_documents_are_the_same_on_every_host(cast: Cast, path: str) -> None:
    hosts = (cast.owner.host, cast.stranger.host, "example.com", "nobody.example.com", "127.0.0.1")
    replies = [Client().get(path, SERVER_NAME=host) for host in hosts]
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    assert all(host.encode() not in replies[0].content for host in hosts[:2])


@pytest.mark.parametrize("path", DOCUMENTS)
def test_nobody_needs_a_database_to_read_them(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: Any) -> None:
        raise Unavailable("away", retry_after=1)

    monkeypatch.setattr(directory(), "find", away)
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize("path", DOCUMENTS)
def test_they_may_be_kept_and_loaded_from_elsewhere(path: str) -> None:
    reply = Client().get(path)
    assert reply["Content-Type"] == "application/json"
    assert reply["Cache-Control"] == "public, max-age=3600"
    assert reply["Access-Control-Allow-Origin"] == "*"
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert not {"Vary", "Set-Cookie"} & reply.headers.keys()
    again = Client().get(path, headers={"If-None-Match": reply["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", reply["ETag"])
    assert again["Access-Control-Allow-Origin"] == "*"
    assert Client().get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", DOCUMENTS)
def test_they_are_only_to_be_read(path: str) -> None:
    head = Client().head(path)
    assert (head.status_code, head.content) == (200, b"")
    refused = Client().post(path)
    assert (refused.status_code, refused.json()) == (405, {"error": "method not allowed"})


def test_openapi_3_1_is_valid(reference: Object) -> None:
    assert reference["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(reference).iter_errors()) == []


# jsonschema has a successor to it; the validator still asks for it when it is imported.
@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Accessing jsonschema.*:DeprecationWarning")
def test_openapi_2_0_is_valid() -> None:
    from swagger_spec_validator import validator20  # noqa: PLC0415  # warns when imported

    swagger = document("/api.json")
    assert swagger["swagger"] == "2.0"
    validator20.validate_spec(swagger)


def test_every_route_of_the_api_is_described(reference: Object) -> None:
    routes = {
        str(entry.pattern).replace("<str:id>", "{id}")
        for entry in urlpatterns
        if isinstance(entry, URLPattern) and str(entry.pattern).startswith("api/v0/")
    }
    assert {path.lstrip("/") for path in reference["paths"]} == routes - UNDESCRIBED


def test_both_documents_tell_the_same_operations(reference: Object) -> None:
    def told(document: Object) -> set[tuple[str, str, str, tuple[str, ...]]]:
        return {
            (path, method, each["operationId"], tuple(each["responses"]))
            for path, item in document["paths"].items()
            for method, each in item.items()
        }

    assert told(document("/api.json")) == told(reference)


def test_operations_have_names_that_make_good_methods(operations: list[Object]) -> None:
    names = [operation["operationId"] for operation in operations]
    assert sorted(names) == [
        "count",
        "createExport",
        "deleteExport",
        "downloadExport",
        "getExport",
        "getMe",
        "getSite",
        "listExports",
        "listSites",
    ]


def test_every_operation_tells_its_terms(operations: list[Object], reference: Object) -> None:
    tags = {tag["name"] for tag in reference["tags"]}
    for operation in operations:
        assert operation["summary"]
        assert "\n" not in operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        assert set(operation["x-permission"]) <= keys.PERMISSIONS.keys()
        assert operation["x-rate-limit"].keys() == {"class", "requests", "seconds"}
        assert operation["security"] == [{"basicAuth": []}, {"bearerAuth": []}]
        for permission in operation["x-permission"]:
            assert f"`{permission}`" in operation["description"]
        assert f"`{operation['x-rate-limit']['class']}`" in operation["description"]
    assert {tag for operation in operations for tag in operation["tags"]} == tags


def test_every_operation_tells_what_can_happen(operations: list[Object]) -> None:
    for operation in operations:
        answers = operation["responses"]
        assert {"401", "403", "404", "408", "413", "415"} <= answers.keys()
        assert {"429", "500", "503"} <= answers.keys()
        assert "WWW-Authenticate" in answers["401"]["headers"]
        for status in ("429", "503"):
            assert "Retry-After" in answers[status]["headers"]
        for status, answer in answers.items():
            assert answer["description"]
            assert status == "408" or "X-Rate-Limit-Remaining" in answer["headers"]
            assert status < "400" or "application/json" in answer["content"]


def test_every_field_parameter_and_header_is_described(reference: Object) -> None:
    schemas = reference["components"]["schemas"]
    assert all(schema["description"] for schema in schemas.values())
    missing = [name for name, field in fields(schemas) if not field.get("description")]
    assert missing == []
    for item in reference["paths"].values():
        for operation in item.values():
            assert all(each["description"] for each in operation.get("parameters", []))
            for answer in operation["responses"].values():
                assert all(each["description"] for each in answer.get("headers", {}).values())


def test_requests_are_closed_and_answers_are_open(reference: Object) -> None:
    for name, schema in reference["components"]["schemas"].items():
        if "oneOf" not in schema:
            assert (schema.get("additionalProperties") is False) == name.endswith("Request"), name


def test_whole_numbers_tell_their_size(reference: Object) -> None:
    for name, field in fields(reference["components"]["schemas"]):
        if field.get("type") in ("integer", ["integer", "null"]):
            assert field["format"] in ("int32", "int64"), name


def fields(schemas: Object) -> Iterator[tuple[str, Object]]:
    """Every field of every object, with its name."""
    for name, schema in schemas.items():
        for field, described in schema.get("properties", {}).items():
            yield f"{name}.{field}", described
