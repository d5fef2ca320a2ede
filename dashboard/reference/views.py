"""`/api.html` and `/api2.html`, on every site's host and on the service's own name."""

import hashlib
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from dashboard.errors import error_page
from dashboard.reference import LANGUAGE, SERVED, page
from dashboard.start import origin_for
from goatapi.http import security

FRESH = "public, no-cache"
"""Kept, but asked about each time: after an update the style sheet that an older page names is gone."""


@csrf_exempt  # it changes nothing: a POST is told so, whoever sends it
def api_html(request: HttpRequest) -> HttpResponse:
    """Every operation in one page without JavaScript, with the reader's own address in its commands."""
    return _kept(request, page(origin_for(request), frame=SERVED))


@csrf_exempt
def api2_html(request: HttpRequest) -> HttpResponse:
    """The same description in Swagger UI, to try it."""
    with translation.override(LANGUAGE):
        html = render_to_string("reference/swagger.html")
    response = _kept(request, html)
    # Swagger UI has its icons as data in its style sheet.
    response["Content-Security-Policy"] = f"{security.policy()}; img-src 'self' data:"
    return response


def _kept(request: HttpRequest, html: str) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        refusal = error_page(request, 405, _("This page can only be read."))
        refusal["Allow"] = "GET, HEAD"
        return refusal
    body = html.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": FRESH, "Content-Language": LANGUAGE}
    response = HttpResponse(body, headers=headers)
    # A plain answer comes back as a plain answer; the stubs say less.
    return cast(HttpResponse, get_conditional_response(request, etag, response=response))
