"""How the count endpoint is described in the reference. Bodies are decoded by `hits.sent`, for speed.

Limits are those of `hits.sent` and `hits.parse`. Every field but `path` may be null: that is as good as
absent.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from goatapi.http.serializers import NO_NUL, keywords
from hits.batch import FUTURE_SECONDS
from hits.parse import MAX_PATH, MAX_QUERY, MAX_REF, MAX_TITLE, MAX_USER_AGENT
from hits.sent import MAX_HITS, MAX_ID, MAX_IP, MAX_LANGUAGE, MAX_LOCATION
from hits.size import MAX_SIZE

_ERRORS = (
    "Place of the hit in `hits`, from 0, as a text → what is wrong with it: a list of texts; one text for a "
    "request with the header `X-Goatcounter-Import`."
)
_NUMBER = r"[0-9]{1,9}(\.[0-9]{1,9})?"


@extend_schema_field(
    {
        "anyOf": [
            {"type": "boolean"},
            {"type": "integer", "format": "int32", "enum": [0, 1]},
            {"type": "string", "enum": ["true", "false", "on", "off", "1", "0"]},
        ]
    }
)
class BoolField(serializers.Field[Any, Any, Any, Any]):
    """A boolean as GoatCounter reads it (part 0.4 of the behaviour page)."""


@extend_schema_field(
    {
        "anyOf": [
            {"type": "string", "pattern": f"^({_NUMBER}(,{_NUMBER}){{0,2}})?$"},
            {"type": "number", "minimum": 0, "maximum": MAX_SIZE},
            {
                "type": "array",
                "maxItems": 3,
                "items": {"type": "number", "minimum": 0, "maximum": MAX_SIZE},
            },
        ]
    }
)
class SizeField(serializers.Field[Any, Any, Any, Any]):
    """A screen's size in one of its forms."""


def text(help_text: str, most: int, example: str, **schema: Any) -> serializers.CharField:
    """An optional text of at most `most` characters."""
    style = keywords(example=example, **schema)
    return serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=most,
        help_text=help_text,
        style=style,
    )


class HitSerializer(serializers.Serializer[Any]):
    """One pageview or event. Lengths are counted in characters (Unicode code points)."""

    path = serializers.CharField(
        max_length=MAX_PATH,
        help_text="Path of the page, or name of the event; not blank.",
        style=keywords(pattern=r"^[^\u0000]*[^\s\u0000][^\u0000]*$", example="/one"),
    )
    title = text("Title of the page.", MAX_TITLE, "One", pattern=NO_NUL)
    event = BoolField(
        required=False,
        allow_null=True,
        help_text="Whether `path` is the name of an event. Texts may be in upper case. Default: false.",
        style=keywords(example=False),
    )
    ref = text(
        "Referrer: the URL of the page before, or any other text.",
        MAX_REF,
        "https://www.example.com/links",
        pattern=NO_NUL,
    )
    size = SizeField(
        required=False,
        allow_null=True,
        help_text="Size of the screen in pixels: `width`, `width,height` or `width,height,scale`; the same as "
        "a list of numbers, or the width as a number. Only the width is kept.",
        style=keywords(example="1920,1080,2"),
    )
    query = text(
        "Query string of the page, with or without `?`; campaigns are read from it.",
        MAX_QUERY,
        "utm_source=newsletter",
        pattern=NO_NUL,
    )
    bot = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="Above 0: the sender holds the visitor for a bot, and the hit is not counted. Default: 0.",
        style=keywords(example=0),
    )
    user_agent = text(
        "User agent of the browser, for its name and system and for the session; never stored.",
        MAX_USER_AGENT,
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        pattern=NO_NUL,
    )
    location = text(
        "Country or region as an ISO 3166-1 or 3166-2 code. Default: where `ip` is.",
        MAX_LOCATION,
        "US-TX",
        pattern=NO_NUL,
    )
    language = text("Language as a BCP 47 tag.", MAX_LANGUAGE, "en-US")
    ip = text(
        "IPv4 or IPv6 address of the visitor, for the country, the session and the site's ignore list; "
        "never stored.",
        MAX_IP,
        "192.0.2.1",
    )
    created_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="When it happened, as RFC 3339 with a zone; after 1970-01-01 and at most "
        f"{FUTURE_SECONDS} seconds in the future. Default, and what `0001-01-01T00:00:00Z` stands for: now.",
        style=keywords(example="2020-06-18T14:42:00Z"),
    )
    session = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="A key of your own for the visitor's session, in place of `ip` and `user_agent`; "
        "never stored.",
        style=keywords(example="9b2f7c"),
    )
    id = text(
        "A name of your own for this hit: a hit with the same `id` is counted once in 48 hours.",
        MAX_ID,
        "order-4711",
    )


class CountSerializer(serializers.Serializer[Any]):
    """A batch of pageviews."""

    no_sessions = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="What becomes of hits of which no session can be made. `true`: they are counted, each as a "
        "visit. `false`: they are refused. Absent or null: they are counted, with a warning.",
        style=keywords(example=True),
    )
    filter = serializers.ListField(
        child=serializers.ChoiceField(choices=["ip"]),
        required=False,
        allow_null=True,
        help_text="What to leave out. `ip`: hits whose `ip` is on the site's ignore list. An empty list leaves "
        "nothing out. Default: all there are.",
        style=keywords(example=["ip"]),
    )
    hits = serializers.ListField(
        child=HitSerializer(),
        min_length=1,
        max_length=MAX_HITS,
        help_text=f"The pageviews, 1 to {MAX_HITS}.",
    )


class StatusSerializer(serializers.Serializer[Any]):
    """A short yes."""

    status = serializers.ChoiceField(choices=["ok"], help_text="Always `ok`.")


class HitErrorsSerializer(serializers.Serializer[Any]):
    """What is wrong with single hits; the others were counted."""

    errors = serializers.DictField(  # type: ignore[assignment]  # DRF takes fields off the class
        child=serializers.ListField(child=serializers.CharField()),
        help_text=_ERRORS,
        style=keywords(minProperties=1, example={"1": ["created_at: in the future."]}),
    )


class ImporterErrorsSerializer(serializers.Serializer[Any]):
    """The same for requests with the header `X-Goatcounter-Import`: texts in place of lists."""

    errors = serializers.DictField(  # type: ignore[assignment]  # as above
        child=serializers.CharField(),
        help_text=_ERRORS,
        style=keywords(minProperties=1, example={"1": "created_at: in the future."}),
    )
