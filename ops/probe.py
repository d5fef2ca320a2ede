"""`/api/v0/test`: a probe for what all of the API shares (part 1.3). It answers as it is asked to."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from goatapi.errors import Forbidden, GoatapiError, Invalid
from goatapi.http.fields import check_known
from sites import keys
from sites.access import key_of
from sites.keyed import KeyedViewSet
from sites.middleware import site_of
from storage.registry import storage

FIELDS = {"perm": int, "status": int, "panic": bool, "validate": dict, "context": bool}
TRUE = frozenset({"true", "on", "1", "checked"})


class ProbeError(Exception):
    """The unexpected error that was asked for."""


class Refusal(GoatapiError):
    """A refusal with any status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


@extend_schema(exclude=True)
class ProbeViewSet(KeyedViewSet):
    """Undocumented, as GoatCounter's is: for tests of clients."""

    required_permissions = 0

    def show(self, request: Request) -> Response:
        """Do what `perm`, `panic`, `validate`, `status` and `context` say, in this order; else echo them."""
        asked = _asked(request)
        _check_permission(key_of(request).permissions, asked["perm"])
        if asked["panic"] or asked["status"] >= 500:
            raise ProbeError("asked for by the probe")
        if errors := asked["validate"].get("errors"):
            raise Invalid(
                {str(name): [str(text) for text in texts] for name, texts in errors.items()}
            )
        if asked["status"]:
            raise Refusal(asked["status"])
        return Response(_context(request) if asked["context"] else asked)


def _asked(request: Request) -> dict[str, Any]:
    given = _from_query(request) if request.method == "GET" else request.data
    if not isinstance(given, dict):
        raise GoatapiError("invalid JSON: the body must be an object")
    check_known(given, FIELDS)
    asked = {name: kind() for name, kind in FIELDS.items()} | given
    for name, kind in FIELDS.items():
        if type(asked[name]) is not kind:
            raise GoatapiError(f"invalid JSON: {name} must be {kind.__name__}")
    if asked["status"] and not 400 <= asked["status"] < 600:
        raise GoatapiError("status must be that of an error")
    return asked


def _from_query(request: Request) -> dict[str, Any]:
    query = request.query_params
    check_known(query, FIELDS)
    try:
        return {
            name: query[name].lower() in TRUE if kind is bool else int(query[name])
            for name, kind in FIELDS.items()
            if kind is not dict and name in query
        }
    except ValueError:
        raise GoatapiError("invalid query parameters: must be a whole number") from None


def _check_permission(has: int, needed: int) -> None:
    if needed and not has & needed:
        names = ", ".join(f"'{name}'" for name in keys.names_of(needed))
        raise Forbidden(f"requires {names} permissions")


def _context(request: Request) -> dict[str, Any]:
    return {
        "db": storage().version(),
        "serve": settings.ENVIRONMENT.domain == "localhost",
        "site_id": site_of(request).id,
    }
