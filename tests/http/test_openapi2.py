"""From OpenAPI 3.0 to 2.0: rule by rule, on documents of a few lines; and what ours loses."""

from typing import Any

import pytest

from goatapi.http.openapi2 import swagger
from goatapi.http.schema import openapi_30

Object = dict[str, Any]
OK = {"200": {"description": "Fine."}}


def converted(schemas: Object | None = None, **operation: Any) -> tuple[Object, list[str]]:
    """A document with these schemas and one operation, in 2.0."""
    return swagger(
        {
            "openapi": "3.0.3",
            "info": {"title": "Test", "version": "1"},
            "servers": [{"url": "/"}],
            "paths": {"/a": {"post": {"operationId": "a", "responses": OK} | operation}},
            "components": {"schemas": schemas or {}},
        }
    )


def definition(schema: Object, **others: Object) -> Object:
    """What becomes of a schema, which loses nothing."""
    made, losses = converted({"It": schema, **others})
    assert losses == []
    it: Object = made["definitions"]["It"]
    return it


def operation(**given: Any) -> Object:
    """What becomes of an operation, which loses nothing."""
    made, losses = converted({"It": {"type": "object", "properties": {}}}, **given)
    assert losses == []
    it: Object = made["paths"]["/a"]["post"]
    return it


def parameter(schema: Object, place: str = "query", **more: Any) -> Object:
    """What becomes of a parameter with this schema."""
    given = {"name": "p", "in": place, "schema": schema} | more
    it: Object = operation(parameters=[given])["parameters"][0]
    return it


def content(schema: Object, kind: str = "application/json") -> Object:
    return {"content": {kind: {"schema": schema}}}


def test_no_host_is_named() -> None:
    made, _ = converted()
    assert (made["swagger"], made["basePath"]) == ("2.0", "/")
    assert not {"openapi", "servers", "host", "schemes", "components"} & made.keys()


def test_null_is_an_extension_and_stays_a_value_of_an_enum() -> None:
    assert definition({"type": "integer", "nullable": True}) == {
        "type": "integer",
        "x-nullable": True,
    }
    assert definition({"type": "string", "nullable": True, "enum": ["a", "", None]}) == {
        "type": "string",
        "x-nullable": True,
        "enum": ["a", "", None],
    }


def test_references_lead_to_definitions_wherever_they_are() -> None:
    there, here = {"$ref": "#/components/schemas/B"}, {"$ref": "#/definitions/B"}
    deep = {
        "type": "object",
        "properties": {"a": {"allOf": [there]}, "b": {"type": "array", "items": there}},
        "additionalProperties": there,
    }
    assert definition(deep, B={"type": "object"}) == {
        "type": "object",
        "properties": {"a": {"allOf": [here]}, "b": {"type": "array", "items": here}},
        "additionalProperties": here,
    }


def test_closed_objects_stay_closed() -> None:
    closed = {"type": "object", "additionalProperties": False}
    assert definition(closed) == closed


def test_of_several_forms_the_first_is_told() -> None:
    made, losses = converted(
        {
            "It": {
                "description": "A size.",
                "anyOf": [{"type": "string", "pattern": "x"}, {"type": "number"}],
            }
        }
    )
    assert made["definitions"]["It"] == {
        "type": "string",
        "pattern": "x",
        "description": "A size.",
    }
    assert losses == ["#/components/schemas/It: all its forms but the first"]


def test_one_of_several_objects_becomes_one_with_the_fields_of_all() -> None:
    text, lists = ({"type": "object", "additionalProperties": {"type": t}} for t in ("string", "a"))
    made, losses = converted(
        {
            "It": {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in "ABC"]},
            "A": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
            "B": {"type": "object", "properties": {"y": text}, "required": ["y"]},
            "C": {"type": "object", "properties": {"y": lists}, "required": ["y"]},
        }
    )
    assert made["definitions"]["It"] == {
        "type": "object",
        "properties": {"x": {"type": "string"}, "y": {"type": "object"}},
    }
    assert losses == [
        "#/components/schemas/It: that it is one of several; all their fields are optional here"
    ]


def test_what_is_required_is_not_read_only_as_well() -> None:
    made, losses = converted(
        {
            "It": {
                "type": "object",
                "properties": {
                    "a": {"type": "string", "readOnly": True},
                    "b": {"type": "string", "readOnly": True},
                },
                "required": ["a"],
            }
        }
    )
    assert made["definitions"]["It"]["properties"] == {
        "a": {"type": "string"},
        "b": {"type": "string", "readOnly": True},
    }
    assert losses == ["#/components/schemas/It: that only the server writes a"]


@pytest.mark.parametrize("keyword", ["writeOnly", "deprecated"])
def test_a_keyword_that_is_not_known_is_left_out_and_named(keyword: str) -> None:
    made, losses = converted({"It": {"type": "string", keyword: True}})
    assert made["definitions"]["It"] == {"type": "string"}
    assert losses == [f"#/components/schemas/It: {keyword}"]


def test_a_body_is_a_parameter() -> None:
    made = operation(requestBody={"required": True} | content({"$ref": "#/components/schemas/It"}))
    assert "requestBody" not in made
    assert made["consumes"] == ["application/json"]
    assert made["parameters"] == [
        {"in": "body", "name": "body", "required": True, "schema": {"$ref": "#/definitions/It"}}
    ]


def test_a_form_is_a_parameter_for_each_field() -> None:
    fields = {"file": {"type": "string", "format": "binary"}, "n": {"type": "integer"}}
    form = {"type": "object", "properties": fields, "required": ["file"]}
    made = operation(requestBody=content(form, "multipart/form-data"))
    assert made["consumes"] == ["multipart/form-data"]
    assert made["parameters"] == [
        {"in": "formData", "name": "file", "required": True, "type": "file"},
        {"in": "formData", "name": "n", "required": False, "type": "integer"},
    ]


def test_parameters_have_their_limits_beside_their_names() -> None:
    schema = {"type": "integer", "minimum": 1, "default": 20, "example": 5}
    assert parameter(schema, description="How many.") == {
        "name": "p",
        "in": "query",
        "description": "How many.",
        "type": "integer",
        "minimum": 1,
        "default": 20,
        "x-example": 5,
    }


def test_lists_in_queries_say_how_they_are_written() -> None:
    schema = {"type": "array", "items": {"type": "string"}}
    assert parameter(schema)["collectionFormat"] == "multi"
    assert parameter(schema, explode=False)["collectionFormat"] == "csv"
    assert "collectionFormat" not in parameter(schema, "header")


def test_a_binary_answer_is_a_file() -> None:
    binary = content({"type": "string", "format": "binary"}, "application/gzip")
    made = operation(responses={"200": {"description": "It."} | binary})
    assert made["produces"] == ["application/gzip"]
    assert made["responses"]["200"] == {"description": "It.", "schema": {"type": "file"}}


def test_which_answer_has_which_content_type_is_lost() -> None:
    one = {"description": "A."} | content({"type": "string"}, "text/csv")
    other = {"description": "B."} | content({"type": "object"})
    made, losses = converted(responses={"200": one, "400": other})
    assert made["paths"]["/a"]["post"]["produces"] == ["text/csv", "application/json"]
    assert losses == ["post /a: which answers are text/csv and which application/json"]


def test_headers_of_answers_have_types() -> None:
    schema = {"type": "integer", "minimum": 0, "example": 9}
    made = operation(
        responses={
            "200": {
                "description": "Fine.",
                "headers": {"X-Left": {"description": "How many.", "schema": schema}},
            }
        }
    )
    assert made["responses"]["200"]["headers"] == {
        "X-Left": {"description": "How many.", "type": "integer", "minimum": 0, "x-example": 9}
    }


def test_a_bearer_token_is_a_header_and_basic_stays() -> None:
    document = {
        "info": {},
        "paths": {},
        "components": {
            "securitySchemes": {
                "b": {"type": "http", "scheme": "basic", "description": "B."},
                "t": {"type": "http", "scheme": "bearer", "description": "T."},
            }
        },
    }
    assert swagger(document)[0]["securityDefinitions"] == {
        "b": {"type": "basic", "description": "B."},
        "t": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "T."},
    }


def test_another_way_to_prove_who_one_is_is_refused() -> None:
    schemes = {"c": {"type": "apiKey", "in": "cookie", "name": "c"}}
    document = {"info": {}, "paths": {}, "components": {"securitySchemes": schemes}}
    with pytest.raises(ValueError, match="no way is known"):
        swagger(document)


def test_the_document_that_is_converted_stays_as_it_is() -> None:
    before = str(openapi_30())
    swagger(openapi_30())
    assert str(openapi_30()) == before


def test_what_our_reference_loses_in_2_0() -> None:
    """All of it. Whoever adds to this list tells the readers of `/api.json` less than those of 3.1."""
    schemas = "#/components/schemas/"
    variants = "that it is one of several; all their fields are optional here"
    writes = "that only the server writes"
    assert swagger(openapi_30())[1] == [
        "post /api/v0/count: examples of whole bodies",
        "headers of answers: which are always there",
        "post /api/v0/export: examples of whole bodies",
        "get /api/v0/export/{id}/download: which answers are application/gzip and which "
        "application/vnd.apache.parquet and which application/json",
        f"{schemas}BadCount: {variants}",
        f"{schemas}BadRequest: {variants}",
        f"{schemas}Export: {writes} id, site_id, format, last_hit_id, path, created_at, finished_at, "
        "num_rows, size, hash, error",
        f"{schemas}HitRequest/event: all its forms but the first",
        f"{schemas}HitRequest/size: all its forms but the first",
        f"{schemas}Site: {writes} id, parent, cname_setup_at, received_data, state, created_at, "
        "updated_at, first_hit_at",
        f"{schemas}User: {writes} id, site, email_verified, totp_enabled, login_at, open_at, reset_at, "
        "last_report_at, created_at, updated_at",
    ]
