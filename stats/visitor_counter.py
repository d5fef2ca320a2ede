"""`/counter/PATH.EXT`: the number of visits, to be shown on a page of the site (part 4.3).

What a caller may choose (`style`, `no_branding`) changes nobody else's picture, and can do nothing
but style it: weak point W24.
"""

import io
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.http import http_date
from django.views.decorators.http import require_safe
from PIL import Image, ImageDraw, ImageFont

from goatapi.errors import Forbidden, GoatapiError
from sites.middleware import site_of
from stats import queries

KEPT = timedelta(hours=4)
COLOUR = "#9a15a4"
SEPARATOR = "\u202f"
MAX_STYLE = 2000
PERIODS = {"week": 7, "month": 30, "year": 365}
TYPES = {
    "json": "application/json",
    "html": "text/html;charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
}
_UNSAFE_STYLE = re.compile(
    r"[<>&\\@\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|url\s*\(|expression|/\*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Counter:
    """What the pictures show."""

    count: str
    whole_site: bool
    branding: bool
    style: str

    @property
    def height(self) -> int:
        """Pixels; the width is 200."""
        return 80 if self.branding else 60


@require_safe
def visitor_counter(request: HttpRequest, name: str) -> HttpResponse:
    """The counter of a path, or of the whole site (`TOTAL`), as json, html, svg or png.

    404, with the same body and the count 0, for what has no visits. Errors: `Forbidden` unless the
    site allows it, `GoatapiError` for a wrong date, extension or style.
    """
    site = site_of(request)
    if not site.allow_counter:
        raise Forbidden("Need to enable the ‘allow using the visitor counter’ setting")
    path, _, extension = name.rpartition(".")
    if extension not in TYPES:
        raise GoatapiError(f'unknown extension: "{extension}"')
    whole_site = path == "TOTAL"
    count = queries.visits(
        site_id=site.id,
        path=None if whole_site else path,
        start=_day(request.GET.get("start", "")),
        end=_day(request.GET.get("end", "")),
    )
    counter = Counter(
        count=f"{count:,}".replace(",", SEPARATOR),
        whole_site=whole_site,
        branding=not request.GET.get("no_branding"),
        style=_style(request.GET.get("style", "")),
    )
    return _response(counter, extension, found=count > 0)


def _response(counter: Counter, extension: str, *, found: bool) -> HttpResponse:
    body = _png(counter) if extension == "png" else _text(counter, extension)
    response = HttpResponse(body, content_type=TYPES[extension], status=200 if found else 404)
    response["Cache-Control"] = "public, max-age=" + str(int(KEPT.total_seconds()))
    response["Age"] = str(queries.age_seconds())
    response["Expires"] = http_date((datetime.now(UTC) + KEPT).timestamp())
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *"
    )
    return response


def _text(counter: Counter, extension: str) -> str:
    if extension == "json":
        return f'{{"count_unique":"{counter.count}", "count":"{counter.count}"}}'
    return render_to_string(f"counter/counter.{extension}", {"counter": counter})


def _day(text: str) -> date | None:
    if not text:
        return None
    if text in PERIODS:
        return datetime.now(UTC).date() - timedelta(days=PERIODS[text])
    try:
        return date.fromisoformat(text) if len(text) == 10 else _refuse_day(text)
    except ValueError:
        return _refuse_day(text)


def _refuse_day(text: str) -> date:
    raise GoatapiError(f"{text!r} is not a date as YYYY-MM-DD, nor one of week, month and year")


def _style(text: str) -> str:
    """CSS that can not leave its element, nor fetch anything."""
    if len(text) > MAX_STYLE or _UNSAFE_STYLE.search(text):
        raise GoatapiError(
            f"style must be plain CSS rules of at most {MAX_STYLE} characters, "
            "without < > & \\ @ comments and url()"
        )
    return text


def _png(counter: Counter) -> bytes:
    image = Image.new("RGBA", (200, counter.height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 199, counter.height - 1), outline=COLOUR, width=2)
    lines = [("Views for this site:" if counter.whole_site else "Views for this page:", 12, 14)]
    lines.append((counter.count.replace(SEPARATOR, " "), 22, 37))
    if counter.branding:
        lines.append(("stats by Goatapi", 11, 65))
    for text, size, middle in lines:
        draw.text((100, middle), text, fill=COLOUR, font=_font(size), anchor="mm")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


@cache
def _font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    return ImageFont.load_default(size)
