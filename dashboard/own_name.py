"""The gate of pages that belong to the service and to no site."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from sites import outbox
from sites.middleware import is_own

View = Callable[..., HttpResponse]


def on_own_name(view: View) -> View:
    """Leads to the service's own name from everywhere else. Local names are its own, also where a site answers."""

    @wraps(view)
    def gate(request: HttpRequest, **captured: Any) -> HttpResponse:
        if not is_own(request.META.get("HTTP_HOST", "")):
            return redirect(f"{outbox.service_url()}{request.path}")
        return view(request, **captured)

    return gate
