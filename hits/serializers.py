"""How the count endpoint is described in the reference. Bodies are decoded by `hits.batch`, for speed."""

from typing import Any

from rest_framework import serializers


class HitSerializer(serializers.Serializer[Any]):
    """One pageview or event."""

    path = serializers.CharField(
        max_length=2048, help_text="Path of the page, or name of the event."
    )
    title = serializers.CharField(max_length=1024, required=False, allow_blank=True)
    event = serializers.BooleanField(required=False, help_text="The path is an event's name.")
    ref = serializers.CharField(
        max_length=2048, required=False, allow_blank=True, help_text="Referrer."
    )
    size = serializers.CharField(
        required=False,
        help_text="Screen size in pixels: `width`, `width,height` or `width,height,scale`.",
    )
    query = serializers.CharField(
        required=False, help_text="Query string of the page, for campaigns."
    )
    bot = serializers.IntegerField(
        required=False, help_text="Above 0: the client holds it for a bot."
    )
    user_agent = serializers.CharField(max_length=512, required=False)
    location = serializers.CharField(
        max_length=16,
        required=False,
        help_text="ISO 3166-1 or 3166-2 code, such as `NL` or `US-TX`.",
    )
    language = serializers.CharField(required=False, help_text="BCP 47 tag.")
    ip = serializers.IPAddressField(
        required=False, help_text="For country and session; never stored."
    )
    created_at = serializers.DateTimeField(
        required=False, help_text="RFC 3339; may lie in the past, not in the future. Default: now."
    )
    session = serializers.CharField(
        required=False, help_text="A session key of your own; never stored."
    )
    id = serializers.CharField(
        max_length=64,
        required=False,
        help_text="A hit with the same id is counted once in 48 hours.",
    )


class CountRequestSerializer(serializers.Serializer[Any]):
    """A batch of pageviews."""

    no_sessions = serializers.BooleanField(
        required=False,
        help_text="True: count hits without session. False: refuse them. Absent: count, with a warning.",
    )
    filter = serializers.ListField(
        child=serializers.ChoiceField(choices=["ip"]),
        required=False,
        allow_null=True,
        help_text="Filters to apply; `ip` drops hits from the site's ignore list. Default: all.",
    )
    hits = serializers.ListField(child=HitSerializer(), min_length=1, max_length=500)


class StatusSerializer(serializers.Serializer[Any]):
    """A short yes."""

    status = serializers.CharField()
