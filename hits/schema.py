"""How `POST /api/v0/count` is described in the reference."""

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)

from goatapi.http.autoschema import response_header
from goatapi.http.body import MAX_BODY, MAX_LENIENT
from goatapi.http.serializers import ErrorSerializer
from hits.sent import MAX_HITS
from hits.serializers import (
    CountSerializer,
    HitErrorsSerializer,
    ImporterErrorsSerializer,
    StatusSerializer,
)

DESCRIPTION = f"""Takes 1 to {MAX_HITS} pageviews. What is accepted is on disk when the answer comes, and \
in the next export within seconds.

Each hit stands for itself. If some are wrong, the answer is a 400 whose `errors` name them by their place \
in `hits`, from 0; **the others are counted**. Send only the named ones again. A 400 with `error` is about \
the whole request: nothing of it was counted.

A request without `no_sessions` whose hits name neither a `session` nor both `ip` and `user_agent` is \
accepted: each such hit counts as a visit, and the answer says so in `X-Goatapi-Warning`. Hits of known bots \
are accepted and not counted.

To send a request again safely, give it an `Idempotency-Key` or its hits an `id`: what came in the last \
48 hours is not counted twice.

The body may be gzipped (`Content-Encoding: gzip`) and has at most {MAX_BODY >> 20} MiB when unpacked. Up to \
{MAX_LENIENT >> 10} KiB it may also be JSON5, as `{{hits: [{{path: "/one"}}]}}`."""

BAD_COUNT = PolymorphicProxySerializer(
    component_name="BadCount",
    serializers=[ErrorSerializer, HitErrorsSerializer, ImporterErrorsSerializer],
    resource_type_field_name=None,
    help_text="Either `error`, and nothing was counted; or `errors`, and the hits that it does not name "
    "were counted.",
)

count = extend_schema(
    operation_id="count",
    tags=["count"],
    summary="Count pageviews",
    description=DESCRIPTION,
    request=CountSerializer,
    examples=[
        OpenApiExample(
            "two pageviews",
            {"no_sessions": True, "hits": [{"path": "/one"}, {"path": "/two", "title": "Two"}]},
            request_only=True,
        )
    ],
    parameters=[
        OpenApiParameter(
            "Idempotency-Key",
            {"type": "string", "pattern": r"^[\t -~]*$"},
            OpenApiParameter.HEADER,
            # No example: Swagger UI would send it with every try, and the second would not be counted.
            description="A text of your own, in ASCII, one for each request, such as `4c9f4a52-import-17`. "
            "Hits of a request that is sent again with the same key within 48 hours are counted once.",
        ),
        OpenApiParameter(
            "X-Goatcounter-Import",
            {"type": "string"},
            OpenApiParameter.HEADER,
            description="With any value, the `errors` of a 400 hold plain texts in place of lists, as "
            "GoatCounter's importer needs them.",
        ),
        response_header(
            "X-Goatcounter-Filter",
            [202, 400],
            "Places in `hits` of those that the site's ignore list left out; absent if there are none.",
            type="string",
            example="0, 4",
        ),
        response_header(
            "X-Goatapi-Warning",
            [202, 400],
            "Says that hits were counted without a session; absent otherwise.",
            type="string",
        ),
    ],
    responses={
        202: OpenApiResponse(StatusSerializer, description="All hits are accepted."),
        400: OpenApiResponse(BAD_COUNT, description="Some hits are wrong, or the whole request."),
    },
)
