"""All routes as goatapi.urls has them: a test that goes through these meets a new page on its first day."""

import re
from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver

from goatapi.http.security import is_page
from goatapi.urls import urlpatterns

PARAMETER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
NOBODYS = {"int": "999999999", "uuid": "00000000-0000-4000-8000-000000000000"}
"""Converter → a value that leads to nothing."""


def _walk(entries: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for entry in entries:
        route = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, route)
        else:
            yield route


ROUTES = tuple(_walk(urlpatterns))
PAGES = tuple(route for route in ROUTES if is_page(f"/{route}"))
"""Routes for people."""

API = tuple(route for route in ROUTES if route.startswith("api/v0/"))
"""Routes for programs that bring a key."""


def names_in(route: str) -> list[str]:
    """The names of what the path captures."""
    return [found["name"] for found in PARAMETER.finditer(route)]


def path_of(route: str, known: dict[str, object] | None = None) -> str:
    """A path of this route. What is not in `known` is an id or a word that nobody has."""
    given = known or {}

    def value(found: re.Match[str]) -> str:
        return str(given.get(found["name"], NOBODYS.get(found["kind"] or "", "nothing")))

    return "/" + PARAMETER.sub(value, route)
