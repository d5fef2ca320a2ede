"""The export on the wire: part 1.6 of the behaviour page, in its order of fields."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from exports.models import Export

MIB = 1 << 20


class ExportRequestSerializer(serializers.Serializer[Any]):
    """What an export is asked for with; an empty body asks for everything as CSV."""

    format = serializers.ChoiceField(
        choices=["csv"], default="csv", help_text="Format of the file."
    )
    start_from_hit_id = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=2**63 - 1,
        help_text="Cursor: export only hits after this id, such as the `last_hit_id` of an earlier export.",
    )


class ExportSerializer(serializers.ModelSerializer[Export]):
    """An export. Poll until `finished_at` is set; `error` then tells whether it failed."""

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

    def to_representation(self, instance: Export) -> dict[str, Any]:
        """Without the cursor where none was given."""
        shown: dict[str, Any] = super().to_representation(instance)
        if instance.start_from_hit_id is None:
            del shown["start_from_hit_id"]
        return shown


@extend_schema_serializer(many=False)
class ExportListSerializer(serializers.Serializer[Any]):
    """Newest first."""

    exports = ExportSerializer(many=True)
    more = serializers.BooleanField(help_text="Older ones exist: ask on with `before`.")
