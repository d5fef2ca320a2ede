"""When, for what and from which country a key was last used. At most one write a minute."""

import logging
import re
from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from sites.country import country_of
from sites.models import ApiKey

log = logging.getLogger("goatapi.sites")

NOTE_EVERY = timedelta(minutes=1)


def note_use(key: ApiKey, request: HttpRequest) -> None:
    """Note it if a minute has passed: the condition is checked here, and again by the UPDATE itself."""
    now = timezone.now()
    if key.last_used_at and key.last_used_at > now - NOTE_EVERY:
        return
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - NOTE_EVERY)
    try:
        ApiKey.objects.filter(due, pk=key.pk).update(
            last_used_at=now,
            last_used_endpoint=endpoint_of(request),
            last_used_country=country_of(request),
        )
    except DatabaseError:  # a note is not worth a refused request
        log.warning("the use of key %d could not be noted", key.pk)
    key.last_used_at = now


def endpoint_of(request: HttpRequest) -> str:
    """Method and route, as `GET /api/v0/sites/{id}`: never what was asked with them."""
    match = request.resolver_match
    route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route if match else "")
    return f"{request.method} /{route}"[:100]
