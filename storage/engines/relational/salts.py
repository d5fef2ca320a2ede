"""The secrets that visitors are hashed with: rotated by whoever finds the current one old."""

from secrets import token_bytes

from storage.engines.relational.sql import Database
from storage.types import SALT_SECONDS, Salt


def current_and_previous(cache: Database, *, now: int) -> tuple[Salt, Salt]:
    """See `Ledger.salts`. Takes the write lock only when it is time."""
    salts = _read(cache)
    return (salts[0], salts[1]) if _fresh(salts, now) else _rotate(cache, now)


def _rotate(cache: Database, now: int) -> tuple[Salt, Salt]:
    with cache.atomic():
        if cache.is_postgresql:
            cache.execute("LOCK TABLE salts IN SHARE ROW EXCLUSIVE MODE")
        salts = _read(cache)
        if not _fresh(salts, now):  # else another process was first
            salts = _renewed(salts, now)
            cache.execute("DELETE FROM salts WHERE number < %s", [salts[1].number])
            for salt in salts:
                cache.execute(
                    "INSERT INTO salts (number, value, created_at) VALUES (%s, %s, %s)"
                    " ON CONFLICT DO NOTHING",
                    [salt.number, salt.value, salt.created_at],
                )
    if not cache.is_postgresql and not cache.in_transaction:
        # The deleted page is overwritten (secure_delete); this empties the log of older pages.
        cache.query("PRAGMA wal_checkpoint(TRUNCATE)")
    return salts[0], salts[1]


def _fresh(salts: list[Salt], now: int) -> bool:
    """Both are there and the current is in its 8 h. By distance: a clock set back must not keep it for years."""
    return len(salts) > 1 and abs(now - salts[0].created_at) < SALT_SECONDS


def _renewed(salts: list[Salt], now: int) -> list[Salt]:
    """A new current salt; the one before becomes the previous, unless it ended over 8 h ago."""
    number = salts[0].number if salts else 0
    if salts and abs(now - salts[0].created_at) < 2 * SALT_SECONDS:
        previous = salts[0]
    else:
        number += 1
        previous = Salt(number, token_bytes(32), now)
    return [Salt(number + 1, token_bytes(32), now), previous]


def _read(cache: Database) -> list[Salt]:
    rows = cache.query("SELECT number, value, created_at FROM salts ORDER BY number DESC LIMIT 2")
    return [Salt(number, bytes(value), created_at) for number, value, created_at in rows]
