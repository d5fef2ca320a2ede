"""`manage.py schema`: write the reference into `docs/`; with `--check`, say whether it is what the code tells."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from goatapi.http.reference import openapi_text, swagger_text

ORIGIN = "https://my-site.example.com"
"""The host of the examples in the page that is kept; a served one has its own."""


def page_text() -> bytes:
    """What `/api.html` holds."""
    page: str = import_string(settings.REFERENCE_PAGE)(ORIGIN)
    return page.encode()


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "api.json": swagger_text,
    "api.openapi.json": openapi_text,
    "api.html": page_text,
}


class Command(BaseCommand):
    """Knows every file of the reference that is kept in the repository."""

    help = "Write the API reference into docs/."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own declaration; `make check` does them

    def add_arguments(self, parser: CommandParser) -> None:
        """The one option."""
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail if a file is stale"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Errors: `CommandError` naming the files that are stale."""
        folder = settings.ROOT / "docs"
        stale = [name for name, make in DOCUMENTS.items() if _read(folder / name) != make()]
        if options["check"] and stale:
            names = ", ".join(f"docs/{name}" for name in stale)
            raise CommandError(f"not what the code describes: {names}; `make schema` renews it")
        for name in stale:
            (folder / name).write_bytes(DOCUMENTS[name]())
            self.stdout.write(f"docs/{name}")


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
