"""What every page's template knows, beside what its view gives."""

from django.http import HttpRequest

from sites.formats import Reader
from sites.formats import reader as reader_of


def reader(request: HttpRequest) -> dict[str, Reader]:
    """`reader`: whom the page is for. The filters of `formats` take it as their argument."""
    return {"reader": getattr(request, "reader", None) or reader_of()}
