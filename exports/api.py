"""`/api/v0/export…`: ask for an export, look at it, download it, remove it."""

from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from exports import files, queries, services
from exports.models import Export, State
from exports.serializers import ExportListSerializer, ExportRequestSerializer, ExportSerializer
from goatapi.errors import GoatapiError, Gone
from goatapi.http.fields import check_known, integer, path_id, whole_number
from sites import keys
from sites.keyed import KeyedViewSet
from sites.middleware import site_of

EXPIRED = "exports are kept for 24 hours; this export file has been deleted"
MAX_PAGE = 100


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
        responses={202: ExportSerializer},
    )
    def create(self, request: Request) -> Response:
        """Start an export in the background."""
        body = _object(request.data)
        if body.get("start_from_day") is not None:
            raise GoatapiError("start_from_day is only valid for JSON exports")
        check_known(body, {"format", "start_from_hit_id", "start_from_day"})
        export = services.start_export(
            site=site_of(request),
            format=_text(body, "format"),
            start_from_hit_id=whole_number(body, "start_from_hit_id"),
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
        responses={
            (200, "application/gzip"): OpenApiResponse(OpenApiTypes.BINARY),
            202: OpenApiResponse(description="Still being generated."),
        },
    )
    def download(self, request: Request, id: str) -> Response | FileResponse:
        """Download the file of a finished export."""
        export = _export(request, id)
        if export.state in (State.QUEUED, State.RUNNING):
            return Response({"status": "still being generated"}, status=202)
        if export.state == State.FAILED:
            raise GoatapiError(export.error)
        if export.state == State.EXPIRED:
            raise Gone(EXPIRED)
        return _file(export)


def _export(request: Request, id: str) -> Export:
    return queries.export_of(site_id=site_of(request).id, export_id=path_id("id", id))


def _file(export: Export) -> FileResponse:
    path = files.path_of(site_id=export.site_id, export_id=export.pk, name=export.file_name)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Gone(EXPIRED) from None
    response = FileResponse(
        file, as_attachment=True, filename=export.file_name, content_type="application/gzip"
    )
    response["ETag"] = f'"{export.sha256}"'
    return response


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
