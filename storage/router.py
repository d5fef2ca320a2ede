"""Which database holds what.

On SQLite there are three files, so that nothing waits behind the drain's write lock: `default`
(accounts: all ordinary apps), `vault` (this room's tables), `cache` (salts and rate limits).
On PostgreSQL everything is in `default`.
"""

from typing import Any

from django.conf import settings
from django.db.models import Model

CACHE_APP = "django_cache"  # the label under which Django's DatabaseCache asks for its table


def vault_alias() -> str:
    """The alias of ledger, hits and rollups."""
    return _alias("vault")


def cache_alias() -> str:
    """The alias of salts and rate limits."""
    return _alias("cache")


def aliases() -> tuple[str, ...]:
    """Every alias that has tables of ours: `migrate` has to run once for each."""
    return tuple(dict.fromkeys(("default", vault_alias(), cache_alias())))


def _alias(name: str) -> str:
    return name if name in settings.DATABASES else "default"


def _home(app_label: str, file: str = "vault") -> str:
    if app_label == CACHE_APP:
        return cache_alias()
    return _alias(file) if app_label == "storage" else "default"


class RoomRouter:
    """Django's question "which alias?", answered by the app's label."""

    def db_for_read(self, model: type[Model], **_hints: Any) -> str:
        """The alias of the app that `model` belongs to."""
        return _home(model._meta.app_label)

    db_for_write = db_for_read

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool:
        """Whether `app_label` has tables in `db`; this room's migrations name their file as a hint."""
        del model_name  # whole apps live together
        return db == _home(app_label, hints.get("file", "vault"))
