"""The error bodies of the API as the reference describes them, and what serializers say about fields."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

NO_NUL = "^[^\\u0000]*$"
"""The pattern of texts that are stored: no database of ours can hold a NUL."""


def keywords(**schema: Any) -> dict[str, Any]:
    """JSON Schema keywords that DRF has no argument for, as a field's `style`; ContractSchema reads them."""
    return {"schema": schema}


class ErrorSerializer(serializers.Serializer[Any]):
    """A refusal in one sentence. It never comes together with `errors`."""

    error = serializers.CharField(help_text="What is wrong.", style=keywords(example="not found"))


class FieldErrorsSerializer(serializers.Serializer[Any]):
    """What is wrong with single fields. It never comes together with `error`."""

    errors = serializers.DictField(  # type: ignore[assignment]  # DRF takes fields off the class
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Name of the field → what is wrong with it.",
        style=keywords(example={"id": ["must be a whole number"]}, minProperties=1),
    )


BAD_REQUEST = PolymorphicProxySerializer(
    component_name="BadRequest",
    serializers=[ErrorSerializer, FieldErrorsSerializer],
    resource_type_field_name=None,
    help_text="Either `error` or `errors`, never both.",
)
