"""The wire form of this room's things; order and spelling are GoatCounter's (parts 1.4, 1.9)."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from goatapi.http.serializers import keywords
from sites import keys

Fields = dict[str, Any]


def moment(help_text: str, **options: Any) -> serializers.DateTimeField:
    """A field for a UTC time in whole seconds with a Z (part 0.4)."""
    options.setdefault("style", keywords(example="2026-06-18T12:13:14Z"))
    return serializers.DateTimeField(format="%Y-%m-%dT%H:%M:%SZ", help_text=help_text, **options)


def made(help_text: str, example: int, **options: Any) -> serializers.IntegerField:
    """A field for an id that the server has given."""
    return serializers.IntegerField(
        help_text=help_text, read_only=True, style=keywords(example=example), **options
    )


def text(help_text: str, example: str, **options: Any) -> serializers.CharField:
    """A field for a text."""
    return serializers.CharField(help_text=help_text, style=keywords(example=example), **options)


class WidgetSerializer(serializers.Serializer[Fields]):
    """A part of the dashboard."""

    n = text("Name of the widget.", "pages")
    s = serializers.DictField(
        help_text="Its settings, by name.",
        style=keywords(example={"limit_pages": 10, "limit_refs": 10, "style": "line"}),
    )


class ViewSerializer(serializers.Serializer[Fields]):
    """What the dashboard opens with."""

    name = text("Name of the view.", "default")
    filter = text("Text that paths are filtered by; empty: all.", "", allow_blank=True)
    group = serializers.IntegerField(
        min_value=0, max_value=3, help_text="What is added up: 0 hours, 1 days, 2 weeks, 3 months."
    )
    period = text("Name of the period shown.", "week")


class UserSettingsSerializer(serializers.Serializer[Fields]):
    """A person's preferences."""

    twenty_four_hours = serializers.BooleanField(help_text="24-hour clock.")
    sunday_starts_week = serializers.BooleanField(help_text="Weeks start on Sunday.")
    language = text("Language of the pages, as a tag.", "en-GB")
    date_format = text("Date layout, in Go's notation.", "2 Jan ’06")
    number_format = serializers.IntegerField(
        min_value=0,
        max_value=0x10FFFF,
        help_text="Code point of the thousands separator; 8239 is a narrow blank.",
        style=keywords(example=8239),
    )
    timezone = text("Time zone as `COUNTRY.Zone/Name`.", ".UTC")
    widgets = WidgetSerializer(many=True, help_text="The dashboard's parts, in order.")
    views = ViewSerializer(many=True, help_text="Saved views.")
    email_reports = serializers.IntegerField(
        min_value=0, max_value=4, help_text="How often reports are mailed; 0 is never."
    )
    fewer_numbers = serializers.BooleanField(help_text="Show fewer numbers.")
    fewer_numbers_lock_until = moment(
        "Until when that cannot be changed; the year 1: it can.",
        style=keywords(example="0001-01-01T00:00:00Z"),
    )
    theme = serializers.ChoiceField(
        choices=["light", "dark"], allow_blank=True, help_text="Colours; empty: the system's."
    )
    datepicker = serializers.BooleanField(help_text="Use the page's own date picker.")


class UserAccessSerializer(serializers.Serializer[Fields]):
    """What a person may do in the account."""

    all = serializers.ChoiceField(
        choices=["r", "s", "a"], help_text="On all sites: `r` read, `s` settings, `a` everything."
    )


class UserSerializer(serializers.Serializer[Fields]):
    """A person, as a member of this account."""

    id = made("Id of the user.", 1)
    site = made("Id of the account's primary site.", 1, allow_null=True)
    email = serializers.EmailField(
        help_text="E-mail address.", style=keywords(example="me@example.com")
    )
    email_verified = serializers.BooleanField(
        help_text="The address is known to be theirs.", read_only=True
    )
    totp_enabled = serializers.BooleanField(
        help_text="Signs in with a second factor.", read_only=True
    )
    access = UserAccessSerializer(help_text="Role in the account.")
    login_at = moment("Last sign-in.", allow_null=True, read_only=True)
    open_at = moment("Last use of the dashboard.", allow_null=True, read_only=True)
    reset_at = moment("Last request for a password reset.", allow_null=True, read_only=True)
    settings = UserSettingsSerializer(help_text="Preferences.")
    last_report_at = moment("When the last report was mailed.", read_only=True)
    created_at = moment("When the user was made.", read_only=True)
    updated_at = moment("Last change.", allow_null=True, read_only=True)


@extend_schema_serializer(component_name="APIToken")
class APITokenSerializer(serializers.Serializer[Fields]):
    """The key of the request; its text is never shown."""

    name = text("What its owner calls it.", "import")
    permissions = serializers.IntegerField(
        min_value=0,
        max_value=keys.ALL | keys.NOTHING,
        help_text="Sum of what it may do: 2 `count`, 4 `export`, 8 `site-read`, 16 `site-create`, "
        "32 `site-update`, 64 `stats`; 1 is nothing.",
        style=keywords(example=6),
    )
    sites = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Ids of the sites that it is for; `[-1]`: all, also those to come.",
        style=keywords(example=[-1]),
    )


class MeSerializer(serializers.Serializer[Fields]):
    """Whose key this is."""

    user = UserSerializer(help_text="The key's owner.")
    token = APITokenSerializer(help_text="The key.")


class SiteSettingsSerializer(serializers.Serializer[Fields]):
    """The settings of a site."""

    public = serializers.ChoiceField(
        choices=["private", "secret", "public"],
        help_text="Who may see the dashboard: members, those who know `secret`, or everybody.",
    )
    secret = text("Word that opens a secret dashboard.", "", allow_blank=True)
    allow_counter = serializers.BooleanField(help_text="The visitor counter may be shown.")
    allow_bosmang = serializers.BooleanField(help_text="Not used.")
    data_retention = serializers.IntegerField(
        min_value=0, help_text="Days that data is kept; 0 is for ever."
    )
    ignore_ips = text(
        "Addresses that are not counted, joined by commas.", "192.0.2.1", allow_blank=True
    )
    collect = serializers.IntegerField(
        min_value=0,
        max_value=511,
        help_text="Sum of what is collected: 2 referrer, 4 user agent, 8 screen size, 16 country, "
        "32 region, 64 language, 128 sessions, 256 individual pageviews.",
        style=keywords(example=446),
    )
    collect_regions = text(
        "Codes of the countries whose regions are collected, joined by commas; empty: all.",
        "US,RU,CN",
        allow_blank=True,
    )
    allow_embed = text(
        "Domains that may embed the dashboard, joined by commas.", "example.com", allow_blank=True
    )


class SiteSerializer(serializers.Serializer[Fields]):
    """A site."""

    id = made("Id of the site.", 1)
    parent = made(  # type: ignore[assignment]  # DRF takes fields off the class
        "Id of the account's primary site; null for that one itself.", 1, allow_null=True
    )
    cname = text("The site's own domain.", "stats.example.com", allow_null=True)
    cname_setup_at = moment("Since when that domain works.", allow_null=True, read_only=True)
    code = text("Name of the site in its address.", "my-site")
    link_domain = text(
        "Domain of the website itself, for links to pages.", "www.example.com", allow_blank=True
    )
    setttings = SiteSettingsSerializer(
        help_text="Settings; spelt with three t, as in GoatCounter's API."
    )
    user_defaults = UserSettingsSerializer(help_text="Preferences of new users.")
    received_data = serializers.BooleanField(
        help_text="Whether a pageview was counted.", read_only=True
    )
    state = serializers.ChoiceField(
        choices=["a", "d"], help_text="`a` active, `d` deleted.", read_only=True
    )
    created_at = moment("When the site was made.", read_only=True)
    updated_at = moment("Last change.", allow_null=True, read_only=True)
    first_hit_at = moment("First pageview, or when the site was made.", read_only=True)


@extend_schema_serializer(many=False, component_name="SiteList")
class SitesSerializer(serializers.Serializer[Fields]):
    """Sites, the requested one first."""

    sites = SiteSerializer(many=True, help_text="The site asked and, under a primary, its others.")
