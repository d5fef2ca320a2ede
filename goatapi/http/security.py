"""What browsers are told to refuse: headers of every page, and the few that an API answer needs."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

MACHINES = frozenset(
    (
        *("api", "api.json", "api.openapi.json"),
        *("count", "counter", "static", "robots.txt"),
        *("status", "healthz", "readyz", "tls-check", "metrics"),
    )
)
"""First path segments that are for programs: no page, no session, no cookie. `count.js` and its kin too."""

HSTS = "max-age=63072000"

PAGE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Another origin, also another tenant's, never learns which page sent somebody.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Nearly every page shows account data or holds a token; what may be kept says so itself.
    "Cache-Control": "no-store",
}


def is_page(path: str) -> bool:
    """Whether this path is for people. What nobody has named a machine's is a page, with its guards."""
    first = path.lstrip("/").partition("/")[0]
    return first not in MACHINES and not first.startswith("count.")


def policy(*, form_action: str = "'self'") -> str:
    """The Content-Security-Policy of a page. Nothing inline, nothing from elsewhere."""
    return (
        f"default-src 'self'; frame-ancestors 'none'; form-action {form_action}; "
        "base-uri 'none'; object-src 'none'"
    )


class SecurityMiddleware:
    """Adds what the answer does not say itself. `/count` and its kin write their own headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        page = is_page(request.path)
        if page:
            # The operator knows by what scheme people come; a proxy that ends TLS asks by http.
            request.META["wsgi.url_scheme"] = settings.ENVIRONMENT.url_scheme
        response = self.get_response(request)
        for name, value in _headers(request.path, page=page).items():
            response.headers.setdefault(name, value)
        return response


def _headers(path: str, *, page: bool) -> dict[str, str]:
    headers = {}
    if page:
        headers = PAGE_HEADERS | {"Content-Security-Policy": policy()}
    elif path.startswith(("/api/", "/api.", "/static/")):
        headers = {"X-Content-Type-Options": "nosniff"}
    if headers and settings.ENVIRONMENT.url_scheme == "https":
        headers["Strict-Transport-Security"] = HSTS
    return headers
