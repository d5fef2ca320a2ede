"""/api/v0/me and /api/v0/sites: who asks, and the account's sites. Sources: parts 1.4 and 1.9."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response

from goatapi.http.fields import path_id
from sites import factors, keys, queries, schema
from sites.access import key_of
from sites.keyed import KeyedViewSet
from sites.middleware import site_of
from sites.models import ApiKey, Role, Site, User
from sites.preferences import user_settings
from sites.serializers import MeSerializer, SiteSerializer, SitesSerializer
from sites.tenancy import SiteRef

ACCESS = {Role.READ_ONLY: "r", Role.SETTINGS: "s", Role.ADMIN: "a", Role.OWNER: "a"}
"""Roles as GoatCounter's letters. Its `*` runs the server, which no role here does."""


class MeViewSet(KeyedViewSet):
    """The key of the request and its owner."""

    required_permissions = 0

    @schema.get_me
    def retrieve(self, request: Request) -> Response:
        """Get the current user and API key."""
        key = key_of(request)
        user, token = _user(site_of(request), key.user), _token(key)
        return Response(MeSerializer({"user": user, "token": token}).data)


class SiteViewSet(KeyedViewSet):
    """The sites of the account, as far as the requested site and the key reach."""

    required_permissions = keys.SITE_READ

    @schema.list_sites
    def list(self, request: Request) -> Response:
        """List the requested site, and under the primary site the account's others."""
        here = site_of(request)
        sites = queries.sites_under(site=here, reach=key_of(request).sites)
        primary = queries.primary_site_id(account_id=here.account_id)
        return Response(SitesSerializer({"sites": [_site(s, primary) for s in sites]}).data)

    @schema.get_site
    def retrieve(self, request: Request, id: str) -> Response:  # the URL's name
        """Get the requested site or, under the primary site, another one of the account."""
        site = queries.site_under(
            site=site_of(request), site_id=path_id("id", id), reach=key_of(request).sites
        )
        primary = queries.primary_site_id(account_id=site.account_id)
        return Response(SiteSerializer(_site(site, primary)).data)


def _user(site: SiteRef, user: User) -> dict[str, Any]:
    role = queries.role_of(account_id=site.account_id, user_id=user.pk) or Role.READ_ONLY
    return {
        "id": user.pk,
        "site": queries.primary_site_id(account_id=site.account_id),
        "email": user.email,
        "email_verified": user.email_verified,
        "totp_enabled": factors.APP in factors.kinds(user_id=user.pk),
        "access": {"all": ACCESS[Role(role)]},
        "login_at": user.last_login,
        "open_at": None,
        "reset_at": None,
        "settings": user_settings(user.preferences),
        "last_report_at": user.created_at,
        "created_at": user.created_at,
        "updated_at": None,
    }


def _token(key: ApiKey) -> dict[str, Any]:
    return {"name": key.name, "permissions": key.permissions, "sites": key.sites}


def _site(site: Site, primary: int | None) -> dict[str, Any]:
    first_hit = _first_hit_at()(site.pk)
    return {
        "id": site.pk,
        "parent": None if site.is_primary else primary,
        "cname": site.cname,
        "cname_setup_at": site.cname_setup_at,
        "code": site.code,
        "link_domain": site.link_domain,
        "setttings": _settings(site),
        "user_defaults": user_settings(site.user_defaults),
        "received_data": first_hit is not None,
        "state": site.state,
        "created_at": site.created_at,
        "updated_at": site.updated_at,
        "first_hit_at": site.created_at if first_hit is None else _utc(first_hit),
    }


def _settings(site: Site) -> dict[str, Any]:
    return {
        "public": site.public,
        "secret": site.secret,
        "allow_counter": site.allow_counter,
        "allow_bosmang": False,
        "data_retention": site.data_retention,
        "ignore_ips": site.ignore_ips,
        "collect": site.collect,
        "collect_regions": site.collect_regions,
        "allow_embed": site.allow_embed,
    }


def _first_hit_at() -> Callable[[int], int | None]:
    """Site id → seconds of its first pageview. Injected: the hits live in a room above this one."""
    name = getattr(settings, "SITES_FIRST_HIT_AT", None)
    return import_string(name) if name else lambda _: None


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(max(seconds, 0), UTC)
