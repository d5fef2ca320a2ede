"""Refusals that people see."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from goatapi.http import envelope
from goatapi.http.security import is_page


def error_page(request: HttpRequest, status: int, text: str) -> HttpResponse:
    """A page with one sentence and the way back."""
    return render(request, "error.html", {"status": status, "text": text}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: a page for people, the envelope for programs."""
    if not is_page(request.path):
        return envelope.not_found(request, exception)
    return error_page(request, 404, _("There is nothing here."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW. The reason is for developers, not for who was tricked."""
    del reason
    text = _("This form is out of date. Go back, reload the page and send it again.")
    return error_page(request, 403, text)
