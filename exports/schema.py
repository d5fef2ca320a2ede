"""How this room's operations are described in the reference."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from exports import queries, services
from exports.models import Format
from exports.serializers import (
    ExportListSerializer,
    ExportRequestSerializer,
    ExportSerializer,
    UnfinishedSerializer,
)
from goatapi.http.autoschema import id_in_path, response_header

OF_THE_FILE = [200, 206, 304]
ID = id_in_path("Id of the export.")


def _of_each_kind(status: int, description: str) -> dict[tuple[int, str], OpenApiResponse]:
    """The file, as what each format is downloaded as."""
    kinds = dict.fromkeys(kind.content_type for kind in Format)
    return {
        (status, kind): OpenApiResponse(OpenApiTypes.BINARY, description=description)
        for kind in kinds
    }


def condition(name: str, description: str) -> OpenApiParameter:
    """A request's header about which bytes, and of which version, are wanted (RFC 9110).

    Without an example: Swagger UI would send it with every try.
    """
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


list_exports = extend_schema(
    operation_id="listExports",
    tags=["export"],
    summary="List exports",
    description="Lists the site's exports, the newest first. To go on, ask with `before` set to the last id "
    "of a page while `more` is true.",
    parameters=[
        OpenApiParameter(
            "limit",
            {"type": "integer", "format": "int64", "default": queries.PAGE},
            description=f"Most exports in the answer, 1 to {queries.MAX_PAGE}; a number beyond is taken as the "
            "nearest of these.",
        ),
        OpenApiParameter(
            "before",
            {"type": "integer", "format": "int64"},
            description="Only exports with a smaller id.",
        ),
    ],
    responses={200: OpenApiResponse(ExportListSerializer, description="A page of exports.")},
)

create_export = extend_schema(
    operation_id="createExport",
    tags=["export"],
    summary="Start an export",
    description="Starts an export of the site's pageviews in the background. Ask for the export until its "
    "`finished_at` is set; then download it.\n\n"
    "Without a body, all pageviews are exported as CSV. To get what came since an earlier export, set "
    "`start_from_hit_id` to its `last_hit_id`: nothing is left out, and nothing comes twice.",
    request=ExportRequestSerializer,
    examples=[OpenApiExample("everything", {"format": "csv"}, request_only=True)],
    responses={
        202: OpenApiResponse(ExportSerializer, description="The export is waiting to be built."),
        429: OpenApiResponse(
            description=f"Over the rate limit; or {services.MAX_OPEN} exports of the site are waiting or "
            "running."
        ),
    },
)

get_export = extend_schema(
    operation_id="getExport",
    tags=["export"],
    summary="Look at an export",
    description="Shows how far an export is. `finished_at` is null until it is done or has failed; `error` "
    "then tells which.",
    parameters=[ID],
    responses={200: OpenApiResponse(ExportSerializer, description="The export.")},
)

delete_export = extend_schema(
    operation_id="deleteExport",
    tags=["export"],
    summary="Delete an export",
    description="Cancels an export that is waiting or running, and removes its file.",
    parameters=[ID],
    responses={204: OpenApiResponse(description="It is gone.")},
)

download_export = extend_schema(
    operation_id="downloadExport",
    tags=["export"],
    summary="Download an export",
    description="Sends the file of a finished export, or one range of it. It is kept for 24 hours and "
    "never changes, so a download that broke off can go on where it ended: ask for the rest with `Range`, "
    "and with the `ETag` of the first answer in `If-Range`.\n\n"
    "A range that makes no sense, and several ranges, are answered with the whole file.",
    parameters=[
        ID,
        condition("Range", "One range of bytes, as `bytes=0-999`, or `bytes=1000-` for the rest."),
        condition(
            "If-Range",
            "An `ETag` or a `Last-Modified`: the range only if the file is still that one, else all of it.",
        ),
        condition("If-None-Match", "`ETag`s; if one is the file's, the answer is 304."),
        condition(
            "If-Modified-Since", "A `Last-Modified`; if the file is no newer, the answer is 304."
        ),
        condition("If-Match", "`ETag`s; if none is the file's, the answer is 412."),
        condition(
            "If-Unmodified-Since", "A `Last-Modified`; if the file is newer, the answer is 412."
        ),
        response_header(
            "ETag",
            OF_THE_FILE,
            "The file's version: its SHA-256 in quotes.",
            required=True,
            type="string",
        ),
        response_header(
            "Last-Modified",
            OF_THE_FILE,
            "When the export was finished.",
            required=True,
            type="string",
        ),
        response_header(
            "Repr-Digest",
            OF_THE_FILE[:2],
            "SHA-256 of the whole file (RFC 9530), also beside a part of it.",
            required=True,
            type="string",
            pattern="^sha-256=:[0-9A-Za-z+/]{43}=:$",
        ),
        response_header(
            "Content-Disposition",
            OF_THE_FILE[:2],
            "The file's name.",
            required=True,
            type="string",
            example='attachment; filename="goatcounter-export-my-site-20260618T144200Z-0.csv.gz"',
        ),
        response_header(
            "Accept-Ranges",
            OF_THE_FILE[:2],
            "Ranges can be asked for.",
            required=True,
            type="string",
            enum=["bytes"],
        ),
        response_header(
            "Content-Range",
            [206, 416],
            "Which bytes these are, and how many there are; on a 416 the latter alone.",
            required=True,
            type="string",
            example="bytes 1000-1999/2000",
        ),
    ],
    responses={
        **_of_each_kind(200, "The whole file."),
        **_of_each_kind(206, "The range asked for."),
        202: OpenApiResponse(UnfinishedSerializer, description="Not finished yet; ask again."),
        304: OpenApiResponse(description="The file is the one that the request is conditional on."),
        400: OpenApiResponse(description="The export has failed, or the id is none."),
        410: OpenApiResponse(description="The file was deleted after 24 hours."),
        412: OpenApiResponse(description="The file is not the one that `If-Match` asks for."),
        416: OpenApiResponse(description="The range begins beyond the file's end."),
    },
)
