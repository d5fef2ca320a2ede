"""Who is the same visitor: a salted hash under two salts, so that sessions outlive a rotation.

The address and the user agent enter here and go no further. Salts live 8 to 16 hours.
"""

import logging
import threading
import time
from collections.abc import Callable
from hashlib import blake2b

from storage.types import Salt

REFRESH_SECONDS = 1.0
"""How often the process's ticker calls `refresh`."""
STALE_SECONDS = 60.0
"""After this the salts are fetched by whoever needs them: no process may keep them for good, ticker or not."""

log = logging.getLogger("goatapi.visitors")

Fetch = Callable[[], tuple[Salt, Salt]]


class Visitors:
    """Hashes visitors under the current and the previous salt, which `fetch` gives (and rotates).

    While the database is away the known salts go on being used: a rotation a little late is
    better than hits refused.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._salted: tuple[blake2b, blake2b] | None = None
        self._fetched_at = float("-inf")

    def refresh(self) -> None:
        """Fetch the salts now. Errors: those of the store, when there are no salts yet."""
        with self._lock:
            try:
                current, previous = self._fetch()
                self._salted = _salted(current), _salted(previous)
            except Exception:
                if self._salted is None:
                    raise
                log.warning("the salts can not be read; the known ones go on")
            self._fetched_at = self._clock()

    def by_address(self, site_id: int, ip: str, user_agent: str) -> tuple[bytes, bytes]:
        """The 16-byte hashes of a browser at an address, under the current and the previous salt."""
        return self._hashes(f"a\0{site_id}\0{ip}\0{user_agent}".encode())

    def by_session(self, site_id: int, session: str) -> tuple[bytes, bytes]:
        """The same for a session that the API's caller named. It is the site's own (weak point W18)."""
        return self._hashes(f"s\0{site_id}\0{session}".encode())

    def _hashes(self, text: bytes) -> tuple[bytes, bytes]:
        if self._clock() - self._fetched_at >= STALE_SECONDS:
            self.refresh()
        assert self._salted is not None  # noqa: S101  # refresh raises otherwise
        current, previous = self._salted[0].copy(), self._salted[1].copy()
        current.update(text)
        previous.update(text)
        return current.digest(), previous.digest()


def _salted(salt: Salt) -> blake2b:
    """A hash that has taken its key: to copy it is quicker than to make one."""
    return blake2b(key=salt.value, digest_size=16)


def once_key(kind: str, text: str) -> bytes:
    """The 16 bytes under which a resend is known: of a hit's `id`, or an Idempotency-Key and index."""
    return blake2b(f"{kind}\0{text}".encode(), digest_size=16).digest()
