"""The check that every test stands on does find what a description does not say."""

import gzip
from dataclasses import replace
from typing import Any

import pytest

from tests.openapi.contract import Contract, Undeclared
from tests.openapi.exchange import Exchange, from_bytes

PET = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "born": {"type": ["string", "null"], "format": "date-time"},
        "legs": {"type": "integer", "format": "int32"},
    },
    "required": ["name"],
}
LIMIT = {"required": True, "schema": {"type": "integer"}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "paths": {
        "/api/v0/pets/{id}": {
            "post": {
                "operationId": "feed",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "often", "in": "query", "schema": {"enum": ["no", "yes"]}},
                    {"name": "X-Hand", "in": "header", "schema": {"maxLength": 5}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}
                    },
                },
                "responses": {
                    "200": {
                        "headers": {"X-Limit": LIMIT},
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/Pet"},
                                }
                            }
                        },
                    },
                    "204": {},
                },
            }
        }
    },
    "components": {"schemas": {"Pet": PET}},
}

FED = Exchange(
    method="POST",
    path="/api/v0/pets/7",
    query=[("often", "yes")],
    asked={
        "content-type": "application/json; charset=utf-8",
        "user-agent": "any",
        "x-hand": "left",
    },
    sent=b"{name: 'Rex'}",
    status=200,
    told={"content-type": "application/json", "x-limit": "60", "date": "today"},
    body=b'[{"name": "Rex", "born": null, "legs": 4}]',
)
REFUSED = replace(FED, path="/api/v0/other", status=404, told={"content-type": "application/json"})


def check(exchange: Exchange) -> None:
    """Against the description of the pets."""
    Contract(DOCUMENT).check(exchange)


def test_what_is_declared_passes() -> None:
    check(FED)
    check(
        replace(FED, sent=gzip.compress(FED.sent), asked=FED.asked | {"content-encoding": "gzip"})
    )
    check(replace(FED, status=204, told={}, body=b""))
    check(replace(FED, path="/count", status=599))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": 201}, "feed does not declare this status"),
        ({"told": FED.told | {"content-type": "text/html"}}, "content type 'text/html'"),
        ({"told": FED.told | {"x-new": "1"}}, "header x-new is not declared: '1'"),
        ({"told": FED.told | {"x-limit": "many"}}, "header x-limit: $: 'many' is not of type"),
        ({"told": {"content-type": "application/json"}}, "header x-limit is missing"),
        ({"body": b'[{"name": "Rex", "tail": 1}]'}, "$[0]: Additional properties"),
        ({"body": b"[{}]"}, "$[0]: 'name' is a required property"),
        ({"body": b'[{"name": 1}]'}, "$[0].name: 1 is not of type 'string'"),
        ({"body": b'[{"name": "Rex", "born": "once"}]'}, "$[0].born: 'once' is not a 'date-time'"),
        ({"body": b'[{"name": "Rex", "legs": 4294967296}]'}, "is not a 'int32'"),
        ({"body": b"<p>"}, "the body is no JSON"),
        ({"status": 204, "told": {}}, "no content is declared"),
        ({"path": "/api/v0/pets/seven"}, "accepted: path id: $: 'seven' is not of type 'integer'"),
        ({"query": [("often", "perhaps")]}, "accepted: query often"),
        ({"query": [("more", "1")]}, "accepted, but not declared: query parameter more"),
        ({"asked": FED.asked | {"x-hand": "longer"}}, "accepted: header x-hand"),
        ({"sent": b""}, "accepted without a body"),
        ({"sent": b'{"tail": 1}'}, "accepted: $: Additional properties"),
        ({"asked": {"content-type": "text/plain"}}, "a body of 'text/plain'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_declared_fails(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Undeclared) as raised:
        check(replace(FED, **change))
    first, *problems = str(raised.value).splitlines()
    assert first.startswith(f"POST {change.get('path', FED.path)} → ")
    assert any(said in problem for problem in problems)


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({"body": b'{"error": "not found"}'}, True),
        ({"body": b'{"errors": {"id": ["must be a whole number"]}}'}, True),
        ({"body": b'{"error": "not found", "errors": {}}'}, False),
        ({"body": b'{"errors": {"id": "must be a whole number"}}'}, False),
        ({"body": b'{"detail": "not found"}'}, False),
        ({"body": b"", "told": {}}, False),
        ({"body": b'{"error": "x"}', "status": 402}, False),
        ({"body": b'{"error": "x"}', "told": REFUSED.told | {"x-new": "1"}}, False),
        ({"body": b"{}", "status": 200}, False),
        ({"body": b"", "status": 301, "told": {"location": "/"}}, True),
    ],
)
def test_what_is_no_operation_is_refused_in_the_envelope(
    change: dict[str, Any], passes: bool
) -> None:
    exchange = replace(REFUSED, **change)
    if passes:
        check(exchange)
    else:
        with pytest.raises(Undeclared):
            check(exchange)


def test_preflights_have_headers_of_their_own() -> None:
    told = {"access-control-allow-methods": "GET", "allow": "GET"}
    check(replace(FED, method="OPTIONS", told=told, body=b""))
    for change in ({"body": b"[]"}, {"status": 204}, {"told": {"x-limit": "1"}}):
        with pytest.raises(Undeclared):
            check(replace(FED, **({"method": "OPTIONS", "told": told, "body": b""} | change)))


def test_an_exchange_is_read_from_the_bytes_of_a_connection() -> None:
    head = b"GET /api/v0/pets/%37?often=yes HTTP/1.1\r\nHost: pets\r\nX-Hand: left\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nX-Limit: 60\r\nContent-Length: 2\r\n\r\n[]"
    read = from_bytes(head, b"", answer)
    assert (read.path, read.query, read.body) == ("/api/v0/pets/7", [("often", "yes")], b"[]")
    assert read.asked == {"host": "pets", "x-hand": "left"}
    assert (read.status, read.told["x-limit"]) == (200, "60")
