"""Style sheets, scripts, htmx and Swagger UI: served by us, under names that hold their hash.

No build step: the names are made from the files when the process starts. A page and its style sheet
then always belong together, and browsers may keep both names for ever.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import FileSystemFinder
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

UNUSED = (
    *("*.map", "*.html", "oauth2-redirect.js", "*-standalone-preset.js", "favicon-*"),
    *("htmx-2.js", "htmx-4*", "htmax-*", "django-htmx.js", "ext"),
)
"""What comes along with Swagger UI and htmx, and no page of ours asks for."""


class UsedFilesFinder(FileSystemFinder):
    """The folders of the settings, without what nobody needs."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        """Names and storages of all files to serve."""
        return super().list([*(ignore_patterns or ()), *UNUSED])


class HashedStorage(StaticFilesStorage):
    """What `{% static %}` asks."""

    def url(self, name: str | None) -> str:
        """`/static/style.0a1b2c3d.css` for `style.css`; the plain name for a file that is not there."""
        return super().url(hashed(name) if name else name)


class StaticMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # publishes no types
    """WhiteNoise, with our names, and answers from memory."""

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        """Under the plain name and under the one with the hash."""
        name = url.removeprefix(self.static_prefix)
        for each in (name, hashed(name)):
            super().add_file_to_dictionary(self.static_prefix + each, path, stat_cache=stat_cache)

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """As bytes: as a file it would have to wait among the downloads of exports."""
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as file:
                body = file.read()
        response = HttpResponse(body, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response


@cache
def hashed(name: str) -> str:
    """The name with the first digits of the file's hash before its suffix."""
    path = finders.find(name)
    if not path:
        return name
    with open(path, "rb") as file:  # a template's name is no plain str, which pathlib refuses
        digest = hashlib.sha256(file.read()).hexdigest()[:12]
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{digest}.{suffix}"
