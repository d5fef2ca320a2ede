"""`/count` by plain Django: the same room as the door, for servers without one (and `runserver`)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from goatapi.errors import Unavailable
from goatapi.http import metrics
from goatapi.http.client_ip import client_ip
from hits import runtime
from hits.door import Visit, unavailable
from sites.middleware import TenantRequest

METHODS = ("GET", "POST")


def count(request: TenantRequest) -> HttpResponse:
    """Count a pageview, or say in X-Goatcounter why not."""
    if request.method not in METHODS:
        return HttpResponse(status=405, headers={"Allow": ", ".join(METHODS)})
    door = runtime.door()
    reply = door.take(request.site, _visit(request))
    try:
        door.journal.wait(reply.ticket)
    except Unavailable as error:
        reply = unavailable(error)
    else:
        metrics.ACCEPTED.add("count", bool(reply.ticket))
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))


def _visit(request: HttpRequest) -> Visit:
    meta, headers = request.META, request.headers
    return Visit(
        query=meta.get("QUERY_STRING", ""),
        ip=client_ip(
            meta.get("REMOTE_ADDR", ""),
            headers.get("X-Forwarded-For", ""),
            settings.ENVIRONMENT.trusted_proxies,
        ),
        user_agent=headers.get("User-Agent", ""),
        accept_language=headers.get("Accept-Language", ""),
        x_moz=headers.get("X-Moz", ""),
        x_purpose=headers.get("X-Purpose", ""),
        purpose=headers.get("Purpose", ""),
        sec_purpose=headers.get("Sec-Purpose", ""),
    )
