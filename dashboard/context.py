"""What every page's template knows, beside what its view gives."""

from django.http import HttpRequest

from sites import formats
from sites.formats import Reader


def reader(request: HttpRequest) -> dict[str, Reader]:
    """`reader`: whom the page is for. The filters of `formats` take it as their argument."""
    return {"reader": reader_of(request)}


def reader_of(request: HttpRequest) -> Reader:
    """Whom the request's page is for."""
    return getattr(request, "reader", None) or formats.reader()
