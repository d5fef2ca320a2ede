"""The limiter's store where there is no Redis: Django's database cache with an atomic counter."""

import base64
import pickle
from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction  # noqa: TID251  # the backend's own table


class AtomicDatabaseCache(DatabaseCache):
    """`incr` in one transaction, and with the expiry that the counter had.

    Django's own reads and writes in two steps (of 400 increments by four processes 193 get lost), and
    gives the counter the default timeout, which may end before its window.
    """

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add `delta`; the new value. Errors: ValueError when the key is absent."""
        name = self.make_and_validate_key(key, version=version)
        alias = router.db_for_write(self.cache_model_class)
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            table = connections[alias].ops.quote_name(self._table)  # type: ignore[attr-defined]  # the stubs leave it out
            lock = "FOR UPDATE" if connections[alias].features.has_select_for_update else ""
            cursor.execute(f"SELECT value FROM {table} WHERE cache_key = %s {lock}", [name])  # noqa: S608
            row = cursor.fetchone()
            if row is None:
                raise ValueError(f"Key '{key}' not found")
            value = pickle.loads(base64.b64decode(row[0])) + delta  # noqa: S301  # Django wrote it
            text = base64.b64encode(pickle.dumps(value, self.pickle_protocol)).decode("latin1")
            cursor.execute(f"UPDATE {table} SET value = %s WHERE cache_key = %s", [text, name])  # noqa: S608
        return int(value)
