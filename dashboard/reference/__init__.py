"""The API's reference for people: `/api.html`, a page made from the description, and `/api2.html`.

Front doors: `page()`, and the two views in `views`. What the description says is read in `document`.
"""

from functools import cache

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape

from dashboard.reference.document import read
from goatapi.http.schema import openapi_31

SERVED = "base.html"
COPY = "reference/copy.html"
"""The frame of the copy in `docs/`. A folder sets no Content-Security-Policy and its files have no hashed
names, so the copy links the style sheets of the repository: a change of style leaves it as it is."""

LANGUAGE = "en"
"""The description's. A frame in another one around it would be read out wrongly."""

_ORIGIN = "https://origin.invalid"
"""Stands for the origin in what is kept: RFC 2606 promises that nobody ever has this name."""


def page(origin: str, *, frame: str = COPY) -> str:
    """The reference as HTML; `origin` is that of its examples, as `https://my-site.example.com`."""
    return _page(frame).replace(_ORIGIN, escape(origin))


@cache
def _page(frame: str) -> str:
    """Kept without anybody's origin: no host can fill the memory, or show up on another's page."""
    context = {"frame": frame, "served": frame == SERVED, "reference": read(openapi_31(), _ORIGIN)}
    with translation.override(LANGUAGE):
        return render_to_string("reference/page.html", context)
