"""Puts the tenant on the request. What is nobody's ends here."""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.request import Request

from goatapi import errors
from goatapi.http.envelope import answer
from sites.directory import directory
from sites.tenancy import SiteRef, normalise_host, wanted

TENANTLESS = frozenset(
    {
        "/status",
        "/healthz",
        "/readyz",
        "/tls-check",
        "/security.txt",
        "/.well-known/security.txt",
        "/api.json",
        "/api.openapi.json",
        "/count.js",
        *(f"/count.v{version}.js" for version in range(1, 6)),
    }
)
"""Paths that answer on any host; their requests carry no `site`."""

OWN_PAGES = frozenset(
    {
        *("/", "/api.html", "/api2.html", "/first-run", "/help", "/sign-in"),
        *("/sign-up", "/sign-up/code", "/sign-up/confirm", "/find-my-site"),
    }
)
"""Paths that answer on the service's own name, too; there their requests carry no `site`."""


class TenantRequest(HttpRequest):
    """A request as views get it. For annotations only: nobody makes one."""

    site: SiteRef  # type: ignore[assignment]  # the stubs know only django.contrib.sites


def site_of(request: HttpRequest | Request) -> SiteRef:
    """The tenant of a request that has passed the middleware, plain or DRF's."""
    return cast(SiteRef, request.site)  # django-stubs takes it for one of django.contrib.sites


def has_site(request: HttpRequest) -> bool:
    """Whether the request has a tenant; on the service's own name it has none."""
    return hasattr(request, "site")


class TenantMiddleware:
    """Sets `request.site` by the Host; 404 for a host without a site, as the bare domain is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in TENANTLESS:
            return self.get_response(request)
        header = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
        try:
            site = directory().find(header)
        except errors.Unavailable as error:
            retry = {"Retry-After": str(error.retry_after)}
            return answer(request, error.status, {"error": error.message}, retry)
        if site is not None:
            request.site = site  # type: ignore[assignment]  # as in TenantRequest
        elif request.path not in OWN_PAGES or not is_own(header):
            return _nobody(request, header)
        return self.get_response(request)


def is_own(header: str) -> bool:
    """Whether a Host header is the service's own name, or a local one."""
    asked = wanted(normalise_host(header), settings.ENVIRONMENT.domain)
    return asked.by in ("domain", "local")


def _nobody(request: HttpRequest, header: str) -> HttpResponse:
    host = normalise_host(header) or header[:100]
    return answer(request, 404, {"error": f'no site at this domain ("{host}")'}, {})
