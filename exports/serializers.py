"""The export on the wire: part 1.6 of the behaviour page, in its order of fields."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from exports.models import Export, Format
from exports.services import MAX_HIT_ID
from goatapi.http.serializers import keywords

MIB = 1 << 20
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
DAY = "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = rf"{DAY}[Tt]{_CLOCK}:[0-5][0-9](\.[0-9]{{1,9}})?([Zz]|[+-]{_CLOCK})"


def day_or_time(help_text: str, example: str) -> serializers.CharField:
    """A moment in a request."""
    style = keywords(pattern=f"^({DAY}|{TIME})?$", example=example)
    return serializers.CharField(
        required=False, allow_null=True, allow_blank=True, help_text=help_text, style=style
    )


@extend_schema_serializer(component_name="Export")
class ExportRequestSerializer(serializers.Serializer[Any]):
    """What an export is asked for with; an empty body asks for everything as CSV."""

    format = serializers.ChoiceField(
        choices=Format.values,
        default="csv",
        allow_null=True,
        allow_blank=True,
        help_text="Format of the file. `csv`: as GoatCounter writes it (version 2), gzipped. `ndjson`: one JSON "
        "object a line, with every stored field and its `hit_id`, gzipped. `parquet`: the same fields in typed "
        "columns. Null and an empty text stand for `csv`.",
    )
    start_from_hit_id = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MAX_HIT_ID,
        help_text="Cursor: only hits after this id, such as the `last_hit_id` of an earlier export.",
        style=keywords(example=2000),
    )
    start = day_or_time(
        "Only hits created at this time (RFC 3339) or later. A day means its begin in UTC. Null and an empty "
        "text: no limit.",
        "2026-06-18",
    )
    end = day_or_time(
        "Only hits created before this time (RFC 3339). A day means its begin in UTC, so that day is not in "
        "the export. Null and an empty text: no limit.",
        "2026-06-19T12:00:00Z",
    )


class ExportSerializer(serializers.ModelSerializer[Export]):
    """An export. Ask for it until `finished_at` is set; `error` then tells whether it failed."""

    id = serializers.IntegerField(
        read_only=True, help_text="Id of the export.", style=keywords(example=42)
    )
    site_id = serializers.IntegerField(
        read_only=True, help_text="Id of its site.", style=keywords(example=1)
    )
    format = serializers.ChoiceField(
        choices=Format.values, read_only=True, help_text="Format of the file."
    )
    start_from_hit_id = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_HIT_ID,
        help_text="The cursor that it was asked for with; absent without one.",
        style=keywords(example=1000),
    )
    start = serializers.DateTimeField(
        required=False, help_text="The hits' earliest `created_at`; absent without one."
    )
    end = serializers.DateTimeField(
        required=False, help_text="The hits' `created_at` is before it; absent without one."
    )
    last_hit_id = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        min_value=0,
        max_value=MAX_HIT_ID,
        help_text="Where the next export goes on: every hit after `start_from_hit_id` and up to this id has been "
        "looked at, those left out by `start` and `end` too. Null until finished.",
        style=keywords(example=2000),
    )
    path = serializers.CharField(
        source="file_name",
        read_only=True,
        help_text="Name of the file.",
        style=keywords(example="goatcounter-export-my-site-20260618T144200Z-1000.csv.gz"),
    )
    created_at = serializers.DateTimeField(
        read_only=True,
        help_text="When it was asked for.",
        style=keywords(example="2026-06-18T14:42:00.123456Z"),
    )
    finished_at = serializers.DateTimeField(
        read_only=True,
        allow_null=True,
        help_text="When it was done or had failed; null before.",
        style=keywords(example="2026-06-18T14:42:01.654321Z"),
    )
    num_rows = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        min_value=0,
        help_text="Hits in the file; while it is built, those written so far; null before.",
        style=keywords(example=1000),
    )
    size = serializers.SerializerMethodField(
        help_text="Size of the file in MiB with one decimal, at least `0.1`; null until finished.",
        style=keywords(example="0.1", pattern=r"^[0-9]+\.[0-9]$"),
    )
    hash = serializers.SerializerMethodField(
        help_text="SHA-256 of the file: `sha256-` and 64 hexadecimal digits; null until finished.",
        style=keywords(
            example="sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            pattern="^sha256-[0-9a-f]{64}$",
        ),
    )
    error = serializers.SerializerMethodField(
        help_text="Why it failed; null while nothing went wrong."
    )

    class Meta:
        model = Export
        fields = (
            "id",
            "site_id",
            "format",
            "start_from_hit_id",
            "start",
            "end",
            "last_hit_id",
            "path",
            "created_at",
            "finished_at",
            "num_rows",
            "size",
            "hash",
            "error",
        )

    def get_size(self, export: Export) -> str | None:
        """MiB as text, at least 0.1."""
        if export.size_bytes is None:
            return None
        return f"{max(export.size_bytes / MIB, 0.1):.1f}"

    def get_hash(self, export: Export) -> str | None:
        """Null until the file is whole."""
        return f"sha256-{export.sha256}" if export.sha256 else None

    def get_error(self, export: Export) -> str | None:
        """Null while nothing went wrong."""
        return export.error or None

    def to_representation(self, instance: Export) -> dict[str, Any]:
        """Without the cursor and the span where none was given."""
        shown: dict[str, Any] = super().to_representation(instance)
        for name in ("start_from_hit_id", "start", "end"):
            if shown[name] is None:
                del shown[name]
        return shown


@extend_schema_serializer(many=False)
class ExportListSerializer(serializers.Serializer[Any]):
    """A page of exports."""

    exports = ExportSerializer(many=True, help_text="The exports, newest first.")
    more = serializers.BooleanField(help_text="Whether there are older ones: ask on with `before`.")


class UnfinishedSerializer(serializers.Serializer[Any]):
    """Why there is no file yet."""

    status = serializers.ChoiceField(
        choices=["still being generated"], help_text="Always the same."
    )
