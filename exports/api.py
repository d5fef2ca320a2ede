"""`/api/v0/export…`: ask for an export, look at it, download it, remove it."""

import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from exports import downloads, queries, schema, services
from exports.models import Export
from exports.serializers import DAY, TIME, ExportSerializer
from goatapi.errors import GoatapiError
from goatapi.http.fields import check_known, integer, path_id, whole_number
from sites import keys
from sites.access import key_of
from sites.keyed import KeyedViewSet
from sites.middleware import site_of


class ExportViewSet(KeyedViewSet):
    """Exports of the site whose host is asked."""

    required_permissions = keys.EXPORT

    @schema.list_exports
    def list(self, request: Request) -> Response:
        """List the site's exports, newest first."""
        check_known(request.query_params, {"limit", "before"})
        limit = integer(request.query_params, "limit", default=queries.PAGE)
        page, more = queries.exports_of(
            site_id=site_of(request).id,
            limit=min(max(limit or 1, 1), queries.MAX_PAGE),
            before=integer(request.query_params, "before", default=None),
        )
        return Response({"exports": ExportSerializer(page, many=True).data, "more": more})

    @schema.create_export
    def create(self, request: Request) -> Response:
        """Start an export in the background."""
        body = _object(request.data)
        if body.get("start_from_day") is not None:
            raise GoatapiError("start_from_day is only valid for JSON exports")
        check_known(body, {"format", "start_from_hit_id", "start_from_day", "start", "end"})
        export = services.start_export(
            site=site_of(request),
            format=_text(body, "format"),
            start_from_hit_id=whole_number(body, "start_from_hit_id"),
            start=_moment(body, "start"),
            end=_moment(body, "end"),
            api_key=key_of(request),
        )
        return Response(ExportSerializer(export).data, status=202)

    @schema.get_export
    def retrieve(self, request: Request, id: str) -> Response:
        """Look at an export."""
        return Response(ExportSerializer(_export(request, id)).data)

    @schema.delete_export
    def destroy(self, request: Request, id: str) -> Response:
        """Cancel an export and remove its file."""
        services.cancel_export(
            site=site_of(request), export_id=path_id("id", id), api_key=key_of(request)
        )
        return Response(status=204)

    @schema.download_export
    def download(self, request: Request, id: str) -> HttpResponseBase:
        """Download the file of a finished export, or a part of it."""
        export = _export(request, id)
        if export.state in queries.OPEN:
            return Response({"status": "still being generated"}, status=202)
        return downloads.send(
            request._request, export, site=site_of(request), api_key=key_of(request)
        )


def _export(request: Request, id: str) -> Export:
    return queries.export_of(site_id=site_of(request).id, export_id=path_id("id", id))


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise GoatapiError("invalid JSON: the body must be an object")
    return data


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise GoatapiError(f"invalid JSON: {name} must be a text")
    return value


def _moment(body: dict[str, Any], name: str) -> datetime | None:
    """A time as RFC 3339 with its zone, or a day: its first moment in UTC."""
    text = _text(body, name)
    if not text:
        return None
    try:
        if re.fullmatch(DAY, text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        if re.fullmatch(TIME, text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise GoatapiError(f"{name} must be a day as 2026-01-31 or a time as 2026-01-31T00:00:00Z")
