"""Django's database sessions, found by a digest: whoever reads the table can not sign in with it."""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone


class SessionStore(db.SessionStore):
    """The cookie holds the key, the table its digest."""

    def exists(self, session_key: str) -> bool:
        """Whether there is such a session."""
        return super().exists(_digest(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """End the session with this key, or this one."""
        key = session_key or self.session_key
        if key:
            super().delete(_digest(key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row that `save` writes."""
        row = super().create_model_instance(data)
        row.session_key = _digest(row.session_key)
        return row

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key
        row = Session.objects.filter(
            session_key=_digest(key or ""), expire_date__gt=timezone.now()
        ).first()
        if row is None:
            self._session_key = None
        return row


def _digest(key: str) -> str:
    """As long as the column is: 160 bits."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]
