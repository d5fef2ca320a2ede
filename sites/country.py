"""Where a request comes from: a country and nothing finer. The address is not kept."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from goatapi.http.ratelimit import ip_of


def country_of(request: HttpRequest) -> str:
    """ISO 3166-1 as `NL`; '' if unknown."""
    found: str = import_string(settings.SITES_COUNTRY_OF)(ip_of(request))
    return found
