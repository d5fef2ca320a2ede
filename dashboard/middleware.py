"""Sessions, people and CSRF, for pages alone: the API and `/count` must not pay for them."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxMiddleware

from dashboard.errors import error_page
from goatapi import errors
from goatapi.http.security import is_page
from sites.formats import reader
from sites.models import User

SAME_FOR_ALL = frozenset({"/api.html", "/api2.html"})
"""Pages that are English for everybody, so that browsers and proxies may keep them."""


class ForPages:
    """Put before one of Django's middlewares: leaves out whatever is no page."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if not is_page(request.path):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]  # Django's, by the order of the bases


class PageSessionMiddleware(ForPages, SessionMiddleware):
    """`request.session`."""


class PageAuthenticationMiddleware(ForPages, AuthenticationMiddleware):
    """`request.user`; not to be asked by views, which ask `dashboard.access`."""


class PageCsrfMiddleware(ForPages, CsrfViewMiddleware):
    """Refuses forms that are not ours."""

    def process_view(
        self, request: HttpRequest, callback: Any, callback_args: Any, callback_kwargs: Any
    ) -> HttpResponseForbidden | None:
        """Django calls this for every view, whatever `__call__` did."""
        if not is_page(request.path):
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)


class PageLanguageMiddleware:
    """`request.reader`: the language they have chosen, or their browser asks for, and their formats.

    The language ends with the request: the thread's next one may be the API's, which speaks English.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_page(request.path) or request.path in SAME_FOR_ALL:
            return self.get_response(request)
        asked = translation.get_language_from_request(request)
        user = request.user if isinstance(request.user, User) else None
        whom = reader(user, language=asked)
        request.reader = whom  # type: ignore[attr-defined]  # read by dashboard.context
        with translation.override(whom.language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", whom.language)
        patch_vary_headers(response, ["Accept-Language"])
        return response


class PageHtmxMiddleware(ForPages, HtmxMiddleware):
    """`request.htmx`: whether a part of a page is asked for. A redirect leads the whole page away."""

    def __call__(self, request: HttpRequest) -> Any:
        response = super().__call__(request)
        if not request.headers.get("HX-Request") or response.status_code not in (301, 302, 303):
            return response
        away = HttpResponseClientRedirect(response["Location"])
        away.cookies = response.cookies
        return away


class PageErrorMiddleware:
    """Expected refusals as a page; the envelope has the rest."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """None for what is no page's, or no refusal."""
        if not is_page(request.path):
            return None
        if isinstance(exception, Http404 | errors.NotFound):
            return error_page(request, 404, _("There is nothing here."))
        if isinstance(exception, PermissionDenied):
            return error_page(request, 403, str(exception))
        if isinstance(exception, SuspiciousOperation):
            return error_page(request, 400, _("This request can not be understood."))
        if isinstance(exception, errors.GoatapiError):
            return error_page(request, exception.status, exception.message)
        return None
