"""The description of the API, generated once per process from view sets and serializers."""

from functools import cache
from threading import Lock
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings

Document = dict[str, Any]

_one_at_a_time = Lock()  # the version is a setting of the whole process while a document is made


@cache
def openapi_30() -> Document:
    """OpenAPI 3.0.3, from which 2.0 is made."""
    return _generated("3.0.3")


@cache
def openapi_31() -> Document:
    """OpenAPI 3.1.0, as `/api.openapi.json` shows it."""
    return _generated("3.1.0")


def _generated(version: str) -> Document:
    with _one_at_a_time:
        spectacular_settings.apply_patches({"OAS_VERSION": version})
        try:
            document: Document = SchemaGenerator().get_schema(request=None, public=True)
        finally:
            spectacular_settings.clear_patches()
    return document
