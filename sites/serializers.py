"""The wire form of this room's things; order and spelling are GoatCounter's (parts 1.4, 1.9)."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

Fields = dict[str, Any]


def moment(help_text: str, **options: Any) -> serializers.DateTimeField:
    """A field for a UTC time in whole seconds with a Z (part 0.4)."""
    return serializers.DateTimeField(format="%Y-%m-%dT%H:%M:%SZ", help_text=help_text, **options)


class WidgetSerializer(serializers.Serializer[Fields]):
    """A part of the dashboard."""

    n = serializers.CharField(help_text="Name of the widget.")
    s = serializers.DictField(help_text="Its settings.")


class ViewSerializer(serializers.Serializer[Fields]):
    """What the dashboard opens with."""

    name = serializers.CharField(help_text="Name of the view.")
    filter = serializers.CharField(help_text="Text that paths are filtered by.", allow_blank=True)
    group = serializers.IntegerField(help_text="0 hour, 1 day, 2 week, 3 month.")
    period = serializers.CharField(help_text="Name of the period shown.")


class UserSettingsSerializer(serializers.Serializer[Fields]):
    """A person's preferences."""

    twenty_four_hours = serializers.BooleanField(help_text="24-hour clock.")
    sunday_starts_week = serializers.BooleanField(help_text="Weeks start on Sunday.")
    language = serializers.CharField(help_text="Language tag.")
    date_format = serializers.CharField(help_text="Date layout, in Go's notation.")
    number_format = serializers.IntegerField(help_text="Code point of the thousands separator.")
    timezone = serializers.CharField(help_text="Time zone as COUNTRY.Zone/Name.")
    widgets = WidgetSerializer(many=True, help_text="The dashboard's parts, in order.")
    views = ViewSerializer(many=True, help_text="Saved views.")
    email_reports = serializers.IntegerField(help_text="How often reports are mailed; 0 is never.")
    fewer_numbers = serializers.BooleanField(help_text="Show fewer numbers.")
    fewer_numbers_lock_until = moment("Until when that cannot be changed.")
    theme = serializers.CharField(
        help_text="Empty (the system's), light or dark.", allow_blank=True
    )
    datepicker = serializers.BooleanField(help_text="Use the page's own date picker.")


class UserSerializer(serializers.Serializer[Fields]):
    """A person, as a member of this account."""

    id = serializers.IntegerField(help_text="Id of the user.")
    site = serializers.IntegerField(help_text="Id of the account's primary site.", allow_null=True)
    email = serializers.EmailField(help_text="E-mail address.")
    email_verified = serializers.BooleanField(help_text="The address is known to be theirs.")
    totp_enabled = serializers.BooleanField(help_text="Signs in with a second factor.")
    access = serializers.DictField(
        child=serializers.CharField(),
        help_text="Role in the account: r read only, s settings, a admin; the key is always all.",
    )
    login_at = moment("Last sign-in.", allow_null=True)
    open_at = moment("Last use of the dashboard.", allow_null=True)
    reset_at = moment("Last request for a password reset.", allow_null=True)
    settings = UserSettingsSerializer(help_text="Preferences.")
    last_report_at = moment("When the last report was mailed.")
    created_at = moment("When the user was made.")
    updated_at = moment("Last change.", allow_null=True)


class APITokenSerializer(serializers.Serializer[Fields]):
    """The key of the request; its text is never shown."""

    name = serializers.CharField(help_text="What its owner calls it.")
    permissions = serializers.IntegerField(
        help_text="Sum of 2 count, 4 export, 8 site-read, 16 site-create, 32 site-update, "
        "64 stats; 1 is nothing."
    )
    sites = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the sites it works on; [-1] is all."
    )


class MeSerializer(serializers.Serializer[Fields]):
    """Whose key this is."""

    user = UserSerializer(help_text="The key's owner.")
    token = APITokenSerializer(help_text="The key.")


class SiteSettingsSerializer(serializers.Serializer[Fields]):
    """The settings of a site."""

    public = serializers.ChoiceField(
        choices=["private", "secret", "public"], help_text="Who may see the dashboard."
    )
    secret = serializers.CharField(
        help_text="Word that opens a secret dashboard.", allow_blank=True
    )
    allow_counter = serializers.BooleanField(help_text="The visitor counter may be shown.")
    allow_bosmang = serializers.BooleanField(help_text="Not used.")
    data_retention = serializers.IntegerField(help_text="Days that data is kept; 0 is for ever.")
    ignore_ips = serializers.CharField(
        help_text="Addresses that are not counted, joined by commas.", allow_blank=True
    )
    collect = serializers.IntegerField(
        help_text="Sum of what is collected: 2 referrer, 4 user agent, 8 screen size, 16 country, "
        "32 region, 64 language, 128 sessions, 256 individual pageviews."
    )
    collect_regions = serializers.CharField(
        help_text="Countries whose regions are collected, joined by commas; empty is all.",
        allow_blank=True,
    )
    allow_embed = serializers.CharField(
        help_text="Domains that may embed the dashboard, joined by commas.", allow_blank=True
    )


class SiteSerializer(serializers.Serializer[Fields]):
    """A site."""

    id = serializers.IntegerField(help_text="Id of the site.")
    parent = serializers.IntegerField(  # type: ignore[assignment]  # DRF takes fields off the class
        help_text="Id of the account's primary site; null for that one itself.", allow_null=True
    )
    cname = serializers.CharField(help_text="The site's own domain.", allow_null=True)
    cname_setup_at = moment("Since when that domain works.", allow_null=True)
    code = serializers.CharField(help_text="Name of the site in its address.")
    link_domain = serializers.CharField(
        help_text="Domain of the website itself, for links to pages.", allow_blank=True
    )
    setttings = SiteSettingsSerializer(help_text="Settings (spelt with three t in this API).")
    user_defaults = UserSettingsSerializer(help_text="Preferences of new users.")
    received_data = serializers.BooleanField(help_text="A pageview was counted.")
    state = serializers.ChoiceField(choices=["a", "d"], help_text="a active, d deleted.")
    created_at = moment("When the site was made.")
    updated_at = moment("Last change.", allow_null=True)
    first_hit_at = moment("First pageview, or when the site was made.")


@extend_schema_serializer(many=False)  # one object, though it answers a `list`
class SitesSerializer(serializers.Serializer[Fields]):
    """Sites, the requested one first."""

    sites = SiteSerializer(many=True, help_text="The site asked and, under a primary, its others.")
