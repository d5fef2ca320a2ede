"""What all operations of the API's description share, so that the rooms say only what is their own.

Where each answer comes from: the limiter, the gates, the envelope and the bridge in front of Django.
"""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from goatapi.env import RATE_CLASSES
from goatapi.http.body import MAX_BODY
from goatapi.http.fields import MAX_ID
from goatapi.http.ratelimit import class_of
from goatapi.http.serializers import BAD_REQUEST, ErrorSerializer

Object = dict[str, Any]

REFUSALS = {
    "401": "No key, a malformed one, or one that this account does not know.",
    "403": "The key is good, but it lacks the permission or is for other sites.",
    "404": "No site at this host.",
    "408": "The request's body came too slowly.",
    "413": f"The request's body is larger than {MAX_BODY >> 20} MiB, also when unpacked.",
    "415": "There is a body, and its `Content-Type` is not `application/json`.",
    "429": "Over the rate limit.",
    "500": "An error of the server. The text holds a code by which its operator finds the cause.",
    "503": "The server can not do it now. Nothing was done, or the text says that it may have been.",
}
"""Those of every operation."""

REFUSED_INPUT = {"400": "Something in the request is wrong; the text says what."}
NOT_THERE = "Not there, or another account's. Also: no site at this host."


def header(description: str, **schema: Any) -> Object:
    """A header that an answer may have; the rate limit's are such, since limits can be lifted."""
    return {"description": description, "schema": schema}


def certain(header: Object) -> Object:
    """A header that is always there."""
    return {**header, "required": True}


def seconds(description: str) -> Object:
    """A header that holds whole seconds."""
    return header(description, type="integer", format="int32", minimum=0, example=30)


RATE_LIMIT_HEADERS = {
    "X-Rate-Limit-Limit": header(
        "Requests allowed in a window.", type="integer", format="int32", minimum=0, example=60
    ),
    "X-Rate-Limit-Remaining": header(
        "Requests left in this window.", type="integer", format="int32", minimum=0, example=59
    ),
    "X-Rate-Limit-Reset": seconds("Whole seconds until the window is over."),
}

COME_AGAIN = certain(seconds("Whole seconds after which to come again."))

HEADERS = {
    "401": {
        "WWW-Authenticate": certain(
            header("The challenge.", type="string", example="Basic realm=GoatCounter")
        )
    },
    "429": {"Retry-After": COME_AGAIN},
    "503": {"Retry-After": COME_AGAIN},
}
"""Those of single statuses; the rate limit's are on every answer but a 408, which it never sees."""


def id_in_path(description: str) -> OpenApiParameter:
    """The path's `{id}`, as `fields.path_id` reads it."""
    schema = {"type": "integer", "format": "int64", "minimum": 0, "maximum": MAX_ID}
    return OpenApiParameter(
        "id", schema | {"example": 1}, OpenApiParameter.PATH, description=description
    )


def response_header(
    name: str, statuses: list[int], description: str, *, required: bool = False, **schema: Any
) -> Any:
    """A header of an operation's own answers with these statuses; `required`: of each of them."""
    return OpenApiParameter(
        name,
        schema,
        OpenApiParameter.HEADER,
        required=required,
        description=description,
        response=statuses,
    )


class ContractSchema(AutoSchema):
    """Adds refusals, rate limit and permission; closes requests, since unknown fields are refused.

    A field's own JSON Schema keywords come from its `style`, see `serializers.keywords`.
    """

    def get_operation(self, *arguments: Any, **named: Any) -> Object | None:
        """The operation in full; None for one that is not to be described."""
        operation: Object | None = super().get_operation(*arguments, **named)
        if operation is not None:
            self._add_terms(operation)
            self._add_refusals(operation)
            _add_headers(operation["responses"])
        return operation

    def permissions(self) -> list[str]:
        """Names of which the key needs one; none where any key will do."""
        return []

    def _add_terms(self, operation: Object) -> None:
        name = class_of(self.path)
        requests, window = RATE_CLASSES[name]
        permissions = self.permissions()
        needed = " or ".join(f"`{permission}`" for permission in permissions)
        operation["description"] += (
            f"\n\nNeeds {'a key with the permission ' + needed if needed else 'any key'}. "
            f"Rate limit: class `{name}`, by default {requests} requests in {window} seconds."
        )
        operation["x-permission"] = permissions
        operation["x-rate-limit"] = {"class": name, "requests": requests, "seconds": window}

    def _add_refusals(self, operation: Object) -> None:
        responses: Object = operation["responses"]
        for status, description in _refusals(operation).items():
            responses.setdefault(status, {"description": description})
        for status, response in responses.items():
            if status >= "400":
                response.setdefault("content", self._error(status))
        operation["responses"] = dict(sorted(responses.items()))

    def _error(self, status: str) -> Object:
        body = BAD_REQUEST if status == "400" else ErrorSerializer()
        return {"application/json": {"schema": self.resolve_serializer(body, "response").ref}}

    def _insert_field_validators(self, field: Any, schema: Object) -> None:
        super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]  # untyped there
        schema.update(getattr(field, "style", {}).get("schema", {}))
        if schema.get("type") in ("integer", ["integer", "null"]):
            schema.setdefault("format", "int64")

    def _postprocess_serializer_schema(
        self, schema: Object, serializer: Any, direction: str
    ) -> Object:
        if "oneOf" in schema:
            schema["description"] = serializer.help_text
        elif direction == "request":
            schema["additionalProperties"] = False
        super()._postprocess_serializer_schema(schema, serializer, direction)  # type: ignore[no-untyped-call]  # untyped there
        return schema


def _refusals(operation: Object) -> dict[str, str]:
    parameters = operation.get("parameters", [])
    refusals = dict(REFUSALS)
    if any(parameter["in"] == "path" for parameter in parameters):
        refusals["404"] = NOT_THERE
    if "requestBody" in operation or parameters:
        refusals |= REFUSED_INPUT
    return refusals


def _add_headers(responses: Object) -> None:
    for status, response in responses.items():
        shared = {} if status == "408" else RATE_LIMIT_HEADERS
        headers = response.get("headers", {}) | HEADERS.get(status, {}) | shared
        if headers:
            response["headers"] = headers
