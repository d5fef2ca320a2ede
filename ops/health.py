"""What machines ask of a server, on any host: is it there, is it ready, what is it."""

import platform
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from goatapi import __version__
from goatapi.errors import Unavailable
from sites.directory import directory
from sites.tenancy import normalise_host, wanted
from storage.registry import storage

STARTED = time.monotonic()


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """GoatCounter's `/status` (part 0.1), as far as it makes sense here."""
    del request
    body = {
        "uptime": _duration(int(time.monotonic() - STARTED)),
        "version": __version__,
        "database": storage().version(),
        "python": platform.python_version(),
        "os": platform.system().lower(),
        "arch": platform.machine(),
    }
    return JsonResponse(body, headers={"Access-Control-Allow-Origin": "*"})


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    del request
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers, too; 503 when it does not."""
    del request
    try:
        storage().version()
    except Exception:  # noqa: BLE001  # whatever keeps the database from answering
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def tls_check(request: HttpRequest) -> HttpResponse:
    """Whether `domain` is served here, 200 or 404: for proxies that get certificates on demand (Caddy's `ask`).

    It tells no more than a request to that domain does.
    """
    host = normalise_host(request.GET.get("domain", ""))
    asked = wanted(host, settings.ENVIRONMENT.domain)
    try:
        known = asked.by == "domain" or (
            asked.by in ("code", "cname") and directory().find(host) is not None
        )
    except Unavailable:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    text, status = ("ok\n", 200) if known else ("not served here\n", 404)
    return HttpResponse(text, status=status, content_type="text/plain")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines."""
    del request
    return HttpResponse(
        "User-agent: *\nDisallow: /\n",
        content_type="text/plain",
        headers={"Cache-Control": "public,max-age=31536000"},
    )


def _duration(seconds: int) -> str:
    """`1h2m3s`, as GoatCounter writes it."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}h" if hours else ""
    return f"{text}{minutes}m{rest}s" if hours or minutes else f"{rest}s"
