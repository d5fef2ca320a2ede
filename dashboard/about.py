"""`/security.txt` (RFC 9116): whom to tell of a flaw."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """The two lines that the RFC asks for, on every host."""
    del request
    day = (timezone.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    return HttpResponse(
        f"Contact: {settings.ENVIRONMENT.security_contact}\nExpires: {day}\n",
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "public, max-age=86400"},
    )
