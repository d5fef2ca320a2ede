"""`/api/v0/export…`: ask for an export, look at it, download it, remove it."""

import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from exports import files, queries, services
from exports.models import Export, Format, State
from exports.serializers import ExportListSerializer, ExportRequestSerializer, ExportSerializer
from goatapi.errors import GoatapiError, Gone
from goatapi.http.download import Download, answer
from goatapi.http.fields import check_known, integer, path_id, whole_number
from sites import keys
from sites.keyed import KeyedViewSet
from sites.middleware import site_of

EXPIRED = "exports are kept for 24 hours; this export file has been deleted"
MAX_PAGE = 100
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME = re.compile(
    DAY.pattern + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class ExportViewSet(KeyedViewSet):
    """Exports of the site whose host is asked."""

    required_permissions = keys.EXPORT

    @extend_schema(
        operation_id="listExports",
        tags=["export"],
        parameters=[
            OpenApiParameter("limit", int, description="Rows in the answer, 1 to 100; default 20."),
            OpenApiParameter("before", int, description="Only exports with a smaller id."),
        ],
        responses={200: ExportListSerializer},
    )
    def list(self, request: Request) -> Response:
        """List the site's exports, newest first."""
        check_known(request.query_params, {"limit", "before"})
        limit = integer(request.query_params, "limit", default=20)
        page, more = queries.exports_of(
            site_id=site_of(request).id,
            limit=min(max(limit or 1, 1), MAX_PAGE),
            before=integer(request.query_params, "before", default=None),
        )
        return Response({"exports": ExportSerializer(page, many=True).data, "more": more})

    @extend_schema(
        operation_id="createExport",
        tags=["export"],
        request=ExportRequestSerializer,
        responses={
            202: ExportSerializer,
            429: OpenApiResponse(
                description=f"{services.MAX_OPEN} exports of the site are waiting or running."
            ),
        },
    )
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
        )
        return Response(ExportSerializer(export).data, status=202)

    @extend_schema(operation_id="getExport", tags=["export"], responses={200: ExportSerializer})
    def retrieve(self, request: Request, id: str) -> Response:
        """Look at an export."""
        return Response(ExportSerializer(_export(request, id)).data)

    @extend_schema(operation_id="deleteExport", tags=["export"], responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Cancel an export and remove its file."""
        services.cancel_export(site=site_of(request), export_id=path_id("id", id))
        return Response(status=204)

    @extend_schema(
        operation_id="downloadExport",
        tags=["export"],
        parameters=[
            OpenApiParameter(
                "Range", str, OpenApiParameter.HEADER, description="One range, as `bytes=1000-`."
            ),
            OpenApiParameter(
                "If-Range",
                str,
                OpenApiParameter.HEADER,
                description="An ETag: the range only of that very file, else all of it.",
            ),
        ],
        responses={
            **{
                (status, content_type): OpenApiResponse(OpenApiTypes.BINARY)
                for status in (200, 206)
                for content_type in sorted({kind.content_type for kind in Format})
            },
            202: OpenApiResponse(description="Still being generated."),
            304: OpenApiResponse(description="`If-None-Match` names this very file."),
            410: OpenApiResponse(description="Deleted after 24 hours."),
            416: OpenApiResponse(description="The range begins beyond the end."),
        },
    )
    def download(self, request: Request, id: str) -> HttpResponseBase:
        """Download the file of a finished export, or a part of it."""
        export = _export(request, id)
        if export.state in (State.QUEUED, State.RUNNING):
            return Response({"status": "still being generated"}, status=202)
        if export.state == State.FAILED:
            raise GoatapiError(export.error)
        if export.state == State.EXPIRED:
            raise Gone(EXPIRED)
        return _file(request, export)


def _export(request: Request, id: str) -> Export:
    return queries.export_of(site_id=site_of(request).id, export_id=path_id("id", id))


def _file(request: Request, export: Export) -> HttpResponseBase:
    try:
        file = Download(
            files.fetch(export),
            export.file_name,
            Format(export.format).content_type,
            export.sha256,
            export.finished_at or export.created_at,
        )
        return answer(request._request, file)
    except FileNotFoundError:
        raise Gone(EXPIRED) from None


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
        if DAY.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        if TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise GoatapiError(f"{name} must be a day as 2026-01-31 or a time as 2026-01-31T00:00:00Z")
