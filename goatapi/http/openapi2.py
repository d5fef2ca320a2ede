"""OpenAPI 2.0 (Swagger), which much of the world's tooling reads, made from our OpenAPI 3.0.3. Pure.

What 2.0 can not say is left out and named: a loss is a place in the 3.0 document and a sentence.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

Object = dict[str, Any]

JSON = "application/json"
SCHEMAS = "#/components/schemas/"
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
WITHOUT = ("writeOnly", "deprecated", "discriminator", "not")
"""Keywords of schemas that 2.0 has nothing for."""

REWRITTEN = (*WITHOUT, "nullable", "anyOf", "oneOf", "allOf", "properties", "items")
NUMBERS = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf")
LENGTHS = ("maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems")
PLAIN = ("type", "format", "items", "default", "enum", "x-nullable", *NUMBERS, *LENGTHS)
"""Keywords of parameters and headers, which have no schema in 2.0."""

PARAMETER = ("name", "in", "required", "description", "allowEmptyValue")


def swagger(document: Object) -> tuple[Object, list[str]]:
    """The 2.0 form of a 3.0.3 document, and what is lost in it. It names no host: it is for any."""
    conversion = _Conversion(document)
    made = conversion.document()
    return made, conversion.losses


class _Conversion:
    """One document on its way."""

    def __init__(self, source: Object) -> None:
        self.source = deepcopy(source)
        self.schemas: Object = self.source.get("components", {}).get("schemas", {})
        self.losses: list[str] = []

    def document(self) -> Object:
        return {
            "swagger": "2.0",
            **{name: self.source[name] for name in ("info", "tags") if name in self.source},
            "basePath": "/",
            "consumes": [JSON],
            "produces": [JSON],
            "securityDefinitions": self._security(),
            "paths": {path: self._path(path, item) for path, item in self.source["paths"].items()},
            "definitions": {
                name: self._schema(schema, SCHEMAS + name) for name, schema in self.schemas.items()
            },
        }

    def _path(self, path: str, item: Object) -> Object:
        return {method: self._operation(each, f"{method} {path}") for method, each in item.items()}

    def _lose(self, place: str, what: str) -> None:
        loss = f"{place}: {what}"
        if loss not in self.losses:
            self.losses.append(loss)

    def _security(self) -> Object:
        schemes = self.source.get("components", {}).get("securitySchemes", {})
        return {name: _scheme(scheme) for name, scheme in schemes.items()}

    def _operation(self, operation: Object, place: str) -> Object:
        made = dict(operation)
        parameters = [self._parameter(each, place) for each in operation.get("parameters", [])]
        if body := made.pop("requestBody", None):
            made["consumes"] = list(body["content"])
            parameters += self._body(body, place)
        made["parameters"] = parameters
        made["produces"] = self._produced(operation["responses"].values(), place)
        made["responses"] = {
            status: self._response(response, f"{place} {status}")
            for status, response in operation["responses"].items()
        }
        return made

    def _parameter(self, parameter: Object, place: str) -> Object:
        made = {name: value for name, value in parameter.items() if name in PARAMETER}
        made |= self._plain(parameter["schema"], f"{place} {parameter['name']}")
        if made.get("type") == "array" and parameter["in"] == "query":
            made["collectionFormat"] = "multi" if parameter.get("explode", True) else "csv"
        return made

    def _body(self, body: Object, place: str) -> list[Object]:
        kind, media = next(iter(body["content"].items()))
        if kind in FORMS:
            return self._form(self._resolved(media["schema"]), place)
        if "examples" in media:
            self._lose(place, "examples of whole bodies")
        schema = self._schema(media["schema"], place)
        required = body.get("required", False)
        return [{"in": "body", "name": "body", "required": required, "schema": schema}]

    def _form(self, schema: Object, place: str) -> list[Object]:
        required = schema.get("required", [])
        return [
            {"in": "formData", "name": name, "required": name in required}
            | self._plain(field, place)
            for name, field in schema["properties"].items()
        ]

    def _produced(self, responses: Iterable[Object], place: str) -> list[str]:
        kinds = list(dict.fromkeys(kind for each in responses for kind in each.get("content", {})))
        if len(kinds) > 1:
            self._lose(place, f"which answers are {' and which '.join(kinds)}")
        return kinds or [JSON]

    def _response(self, response: Object, place: str) -> Object:
        made: Object = {"description": response["description"]}
        content = response.get("content", {})
        if content:
            media = content.get(JSON) or next(iter(content.values()))
            made["schema"] = self._schema(media["schema"], place)
        if any(header.get("required") for header in response.get("headers", {}).values()):
            self._lose("headers of answers", "which are always there")
        headers = {
            name: {"description": header["description"]} | self._plain(header["schema"], place)
            for name, header in response.get("headers", {}).items()
        }
        return made | ({"headers": headers} if headers else {})

    def _plain(self, schema: Object, place: str) -> Object:
        """A schema that stands beside a name, not below `schema`."""
        whole = self._schema(self._resolved(schema), place)
        made = {name: value for name, value in whole.items() if name in PLAIN}
        return made | ({"x-example": whole["example"]} if "example" in whole else {})

    def _schema(self, schema: Object, place: str) -> Object:
        if "$ref" in schema:
            return {"$ref": f"#/definitions/{_name(schema)}"}
        if schema.get("format") == "binary":
            return {"type": "file"}
        made = {name: value for name, value in schema.items() if name not in REWRITTEN}
        for keyword in WITHOUT:
            if keyword in schema:
                self._lose(place, keyword)
        if schema.get("nullable"):
            made["x-nullable"] = True
        if "anyOf" in schema:
            self._lose(place, "all its forms but the first")
            made = self._schema(schema["anyOf"][0], place) | made
        if "oneOf" in schema:
            self._lose(place, "that it is one of several; all their fields are optional here")
            made |= self._merged(schema["oneOf"], place)
        return made | self._nested(schema, place)

    def _nested(self, schema: Object, place: str) -> Object:
        made: Object = {}
        if "properties" in schema:
            fields = schema["properties"].items()
            made["properties"] = {n: self._schema(field, f"{place}/{n}") for n, field in fields}
            self._drop_read_only(made["properties"], schema.get("required", []), place)
        if "items" in schema:
            made["items"] = self._schema(schema["items"], f"{place}/items")
        if isinstance(schema.get("additionalProperties"), dict):
            made["additionalProperties"] = self._schema(schema["additionalProperties"], place)
        if "allOf" in schema:
            made["allOf"] = [self._schema(part, place) for part in schema["allOf"]]
        return made

    def _drop_read_only(self, fields: Object, required: list[str], place: str) -> None:
        """2.0 wants no field to be both, and that a field is always there is worth more."""
        both = [name for name in fields if name in required and fields[name].pop("readOnly", False)]
        if both:
            self._lose(place, f"that only the server writes {', '.join(both)}")

    def _merged(self, variants: list[Object], place: str) -> Object:
        fields: Object = {}
        for variant in map(self._resolved, variants):
            for name, field in variant["properties"].items():
                known = fields.get(name, field)
                fields[name] = {key: known[key] for key in known if field.get(key) == known[key]}
        return {"type": "object"} | self._nested({"properties": fields}, place)

    def _resolved(self, schema: Object) -> Object:
        found: Object = self.schemas[_name(schema)] if "$ref" in schema else schema
        return found


def _name(reference: Object) -> str:
    return str(reference["$ref"]).removeprefix(SCHEMAS)


def _scheme(scheme: Object) -> Object:
    """Basic as it is; a bearer token as what it is on the wire, a header."""
    about = {"description": scheme.get("description", "")}
    if (scheme["type"], scheme.get("scheme")) == ("http", "basic"):
        return {"type": "basic"} | about
    if (scheme["type"], scheme.get("scheme")) == ("http", "bearer"):
        return {"type": "apiKey", "in": "header", "name": "Authorization"} | about
    raise ValueError(f"no way is known to say this in 2.0: {scheme}")
