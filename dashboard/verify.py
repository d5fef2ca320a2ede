"""`/verify/<token>`: the link in a mail by which an address is confirmed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from sites import links, services
from sites.middleware import site_of


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """Confirmed by a button, not by the link alone: scanners of mail follow links."""
    user = links.verified_by(token)
    done = user is not None and request.method == "POST"
    if user and done:
        services.verify_email(user=user)
    context = {
        "code": site_of(request).code,
        "email": user.email if user else "",
        "done": done or bool(user and user.email_verified),
        "token": token,
    }
    return render(request, "verify.html", context, status=200 if user else 404)
