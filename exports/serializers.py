"""The export on the wire: part 1.6 of the behaviour page, in its order of fields."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from exports.models import Export, Format

MIB = 1 << 20


class ExportRequestSerializer(serializers.Serializer[Any]):
    """What an export is asked for with; an empty body asks for everything as CSV."""

    format = serializers.ChoiceField(
        choices=Format.values,
        default="csv",
        help_text="Format of the file: `csv` as GoatCounter writes it (version 2), gzipped; `ndjson`, one JSON "
        "object a line with every stored field and its `hit_id`, gzipped; `parquet`, the same fields in typed "
        "columns.",
    )
    start_from_hit_id = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=2**63 - 1,
        help_text="Cursor: export only hits after this id, such as the `last_hit_id` of an earlier export.",
    )
    start = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="Only hits created at this time (RFC 3339) or later; a day means its begin in UTC.",
    )
    end = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="Only hits created before this time (RFC 3339); a day means its begin in UTC, "
        "so that day is not in the export.",
    )


class ExportSerializer(serializers.ModelSerializer[Export]):
    """An export. Poll until `finished_at` is set; `error` then tells whether it failed."""

    start_from_hit_id = serializers.IntegerField(
        required=False, help_text="The cursor it was asked for with; absent without one."
    )
    start = serializers.SerializerMethodField(
        help_text="The hits' earliest `created_at`; absent without one."
    )
    end = serializers.SerializerMethodField(
        help_text="The hits' `created_at` is before it; absent without one."
    )
    last_hit_id = serializers.IntegerField(
        allow_null=True,
        help_text="Where the next export goes on: every hit after `start_from_hit_id` and up to this id has been "
        "looked at, those left out by `start` and `end` too. Null until finished.",
    )
    num_rows = serializers.IntegerField(
        allow_null=True, help_text="Hits in the file; while it is built, those written so far."
    )
    path = serializers.CharField(source="file_name", help_text="Name of the file.")
    size = serializers.SerializerMethodField(help_text="Size of the file in MiB, one decimal.")
    hash = serializers.SerializerMethodField(help_text="`sha256-` and 64 hex digits, of the file.")
    error = serializers.SerializerMethodField(help_text="Why it failed, or null.")

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
        read_only_fields = fields

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

    def get_start(self, export: Export) -> str | None:
        """RFC 3339 in UTC."""
        return _time(export.start)

    def get_end(self, export: Export) -> str | None:
        """RFC 3339 in UTC."""
        return _time(export.end)

    def to_representation(self, instance: Export) -> dict[str, Any]:
        """Without the cursor and the span where none was given."""
        shown: dict[str, Any] = super().to_representation(instance)
        for name in ("start_from_hit_id", "start", "end"):
            if shown[name] is None:
                del shown[name]
        return shown


@extend_schema_serializer(many=False)
class ExportListSerializer(serializers.Serializer[Any]):
    """Newest first."""

    exports = ExportSerializer(many=True)
    more = serializers.BooleanField(help_text="Older ones exist: ask on with `before`.")


def _time(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
