"""Holds exchanges against the OpenAPI document: whatever it does not declare fails the test."""

import gzip
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from goatapi.errors import GoatapiError
from goatapi.http.body import decode_json
from goatapi.http.schema import openapi_31
from tests.openapi.exchange import Exchange, media_type

Schema = dict[str, Any]

TRANSPORT = frozenset(
    {
        # HTTP's own: the web server or the framework writes them, and no client is programmed by them.
        *("connection", "content-length", "content-type", "date", "server", "transfer-encoding"),
        # Browsers read these, before the page's own script sees anything.
        *("access-control-allow-origin", "access-control-expose-headers"),
        *("strict-transport-security", "x-content-type-options"),
        # Which requests a cache may answer alike, and what else a path knows.
        *("allow", "vary"),
    }
)
"""Headers of answers that no operation declares."""

PROBE = "/api/v0/test"
"""Undocumented, as GoatCounter's is: it answers as it is asked to. Its refusals have the envelope."""

UNROUTED = frozenset({301, 400, 404, 405, 408, 413, 415, 429, 503})
"""What requests get that reach no operation: unknown paths and methods, and what is refused before."""

UNROUTED_HEADERS = frozenset(
    {
        *("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset", "retry-after"),
        "location",
    }
)

TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
ENVELOPE: Schema = {
    "oneOf": [
        {
            "properties": {"error": {"type": "string", "minLength": 1}},
            "required": ["error"],
            "additionalProperties": False,
        },
        {
            "properties": {"errors": {"type": "object", "additionalProperties": TEXTS}},
            "required": ["errors"],
            "additionalProperties": False,
        },
    ]
}
"""The API contract, "Errors": `error` or `errors`, never both."""

ROOT = "urn:openapi"
FORMATS = FormatChecker()


@FORMATS.checks("int32")  # type: ignore[untyped-decorator]  # jsonschema publishes no types
def is_int32(value: object) -> bool:
    """OpenAPI's own formats, which JSON Schema does not know."""
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@FORMATS.checks("int64")  # type: ignore[untyped-decorator]  # as above
def is_int64(value: object) -> bool:
    """The other one."""
    return not isinstance(value, int) or -(2**63) <= value < 2**63


class Undeclared(AssertionError):
    """The document does not say this of the service."""


class Contract:
    """An OpenAPI 3.1 document that exchanges are held against."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        closed = _closed(document)
        resource = DRAFT202012.create_resource(closed)
        self._registry: Registry[Any] = Registry().with_resource(ROOT, resource)
        self._document = closed
        self._paths = [(_pattern(path), path, item) for path, item in closed["paths"].items()]
        self._validators: dict[int, Validator] = {}
        self._envelope = Draft202012Validator(ENVELOPE)

    def check(self, exchange: Exchange) -> None:
        """Errors: `Undeclared`, which names the operation, the status and what is wrong."""
        if not exchange.path.startswith("/api/"):
            return
        problems = list(self._problems(exchange))
        if problems:
            where = f"{exchange.method} {exchange.path} → {exchange.status}"
            raise Undeclared("\n  ".join([where, *problems]))

    def _problems(self, exchange: Exchange) -> Iterator[str]:
        if exchange.method == "OPTIONS":
            yield from _preflight(exchange)
            return
        found = self._operation(exchange)
        if found is None:
            yield from self._outside(exchange)
            return
        operation, values = found
        answer = operation["responses"].get(str(exchange.status))
        if answer is None:
            yield f"{operation['operationId']} does not declare this status: {exchange.body!r}"
            return
        answer = self._resolved(answer)
        yield from self._body(exchange, answer.get("content", {}))
        yield from self._headers(exchange, answer.get("headers", {}))
        if 200 <= exchange.status < 300:
            yield from self._parameters(operation, exchange, values)
            yield from self._sent(operation, exchange)

    def _operation(self, exchange: Exchange) -> tuple[Schema, dict[str, str]] | None:
        """The operation, with the values of its path; HEAD is GET without the body."""
        if exchange.path == PROBE:
            return None
        for pattern, _, item in self._paths:
            if match := pattern.fullmatch(exchange.path):
                method = "get" if exchange.method == "HEAD" else exchange.method.lower()
                return (item[method], match.groupdict()) if method in item else None
        return None

    def _outside(self, exchange: Exchange) -> Iterator[str]:
        if exchange.path != PROBE and exchange.status not in UNROUTED:
            yield "no operation is declared for this path and method"
        if exchange.status >= 400 and exchange.method != "HEAD":
            yield from self._json(self._envelope, exchange)
        yield from _undeclared(exchange, UNROUTED_HEADERS | _challenge(exchange))

    def _body(self, exchange: Exchange, content: Schema) -> Iterator[str]:
        kind = media_type(exchange.told)
        if exchange.method == "HEAD":
            return
        if not content:
            if exchange.body:
                yield f"no content is declared: {exchange.body[:200]!r}"
        elif kind not in content:
            yield f"the content type {kind!r} is not declared: {exchange.body!r}"
        elif kind == "application/json":
            yield from self._json(self._validator(content[kind]["schema"]), exchange)

    def _json(self, validator: Validator, exchange: Exchange) -> Iterator[str]:
        if not exchange.is_json or exchange.body is None:
            yield f"the body is no JSON: {exchange.body!r}"
            return
        try:
            value = decode_json(exchange.body)
        except GoatapiError as error:
            yield f"the body is no JSON: {error.message}"
            return
        yield from _errors(validator, value)

    def _headers(self, exchange: Exchange, headers: Schema) -> Iterator[str]:
        declared = {name.lower(): self._resolved(header) for name, header in headers.items()}
        yield from _undeclared(exchange, declared.keys())
        for name, header in declared.items():
            if name in exchange.told:
                yield from self._text(f"header {name}", exchange.told[name], header["schema"])
            elif header.get("required"):
                yield f"header {name} is missing"

    def _parameters(
        self, operation: Schema, exchange: Exchange, values: Mapping[str, str]
    ) -> Iterator[str]:
        given = {
            "path": list(values.items()),
            "query": exchange.query,
            "header": list(exchange.asked.items()),
        }
        declared: dict[tuple[str, str], Schema] = {}
        for each in operation.get("parameters", []):
            parameter = self._resolved(each)
            name = parameter["name"]
            declared[parameter["in"], name.lower() if parameter["in"] == "header" else name] = (
                parameter
            )
        for place, pairs in given.items():
            for name, value in pairs:
                if known := declared.get((place, name)):
                    yield from self._text(f"accepted: {place} {name}", value, known["schema"])
                elif place != "header":  # any client sends headers of its own
                    yield f"accepted, but not declared: {place} parameter {name}"
        for (place, name), parameter in declared.items():
            if parameter.get("required") and name not in dict(given[place]):
                yield f"accepted without the {place} parameter {name}, which is required"

    def _sent(self, operation: Schema, exchange: Exchange) -> Iterator[str]:
        body = exchange.sent
        if "gzip" in exchange.asked.get("content-encoding", ""):
            body = gzip.decompress(body)
        declared = self._resolved(operation.get("requestBody", {}))
        if not body:
            if declared.get("required"):
                yield "accepted without a body, which is required"
        elif media_type(exchange.asked) not in declared.get("content", {}):
            yield f"accepted, but not declared: a body of {media_type(exchange.asked)!r}"
        else:
            schema = declared["content"][media_type(exchange.asked)]["schema"]
            value = decode_json(body)  # as the service reads it: JSON5 too
            yield from (f"accepted: {it}" for it in _errors(self._validator(schema), value))

    def _text(self, name: str, text: str, schema: Schema) -> Iterator[str]:
        """A value that came as text: of a header, a path, a query."""
        validator = self._validator(schema)
        yield from (
            f"{name}: {problem}" for problem in _errors(validator, self._read(text, schema))
        )

    def _read(self, text: str, schema: Schema) -> object:
        kind = self._resolved(schema).get("type")
        try:
            return {"integer": int, "number": float}.get(str(kind), str)(text)
        except ValueError:
            return text

    def _resolved(self, value: Schema) -> Schema:
        if "$ref" not in value:
            return value
        found: Schema = self._registry.resolver().lookup(value["$ref"]).contents
        return found

    def _validator(self, schema: Schema) -> Validator:
        """Made once for each schema of the document, which lives as long as this object."""
        if id(schema) not in self._validators:
            self._validators[id(schema)] = Draft202012Validator(
                schema, registry=self._registry, format_checker=FORMATS
            )
        return self._validators[id(schema)]


@cache
def contract() -> Contract:
    """The service's own description."""
    return Contract(openapi_31())


def _closed(value: Any) -> Any:
    """A copy in which objects hold what is named and nothing else, and references find their document."""
    if isinstance(value, list):
        return [_closed(each) for each in value]
    if not isinstance(value, dict):
        return value
    copy = {name: _closed(each) for name, each in value.items()}
    if isinstance(copy.get("$ref"), str):
        copy["$ref"] = ROOT + copy["$ref"]
    if _is_open(value):
        copy["additionalProperties"] = False
    return copy


def _is_open(value: Schema) -> bool:
    kinds = value.get("type", ())
    is_object = kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
    composed = {"additionalProperties", "allOf", "anyOf", "oneOf"} & value.keys()
    return is_object and not composed


def _pattern(path: str) -> re.Pattern[str]:
    literal = re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", literal))


def _errors(validator: Validator, value: object) -> Iterator[str]:
    for error in validator.iter_errors(value):
        yield f"{error.json_path}: {error.message[:500]}"


def _undeclared(exchange: Exchange, declared: Any) -> Iterator[str]:
    for name in exchange.told.keys() - declared - TRANSPORT:
        yield f"header {name} is not declared: {exchange.told[name]!r}"


def _challenge(exchange: Exchange) -> set[str]:
    return {"www-authenticate"} if exchange.status == 401 else set()


def _preflight(exchange: Exchange) -> Iterator[str]:
    """A browser's question before a script's request: answered alike on every path, by CORS's own headers."""
    if (exchange.status, exchange.body) != (200, b""):
        yield f"a preflight is answered with 200 and nothing else: {exchange.body!r}"
    names = exchange.told.keys() - TRANSPORT
    for name in names:
        if not name.startswith("access-control-"):
            yield f"header {name} is not declared for preflights"
