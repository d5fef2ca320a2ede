"""Django's database sessions, found by a digest: whoever reads the table can not sign in with it."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.http import HttpRequest
from django.utils import timezone

from sites.models import Session

SITE, DEVICE, COUNTRY, SINCE = "site", "device", "country", "since"
"""Under these a session holds the id of the site it was opened on, from which device and country, and when."""

NOTE_SEEN_EVERY = timedelta(minutes=5)


class SessionStore(db.SessionStore):
    """The cookie holds the key, the table its digest; and beside it what its owner is shown of it."""

    row: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Ours."""
        return Session

    @property
    def row_id(self) -> str:
        """Under which the table knows this session; "" if it does not."""
        return digest(self.session_key) if self.session_key else ""

    def exists(self, session_key: str) -> bool:
        """Whether there is such a session."""
        return super().exists(digest(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """End the session with this key, or this one."""
        key = session_key or self.session_key
        if key:
            super().delete(digest(key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row that `save` writes."""
        user_id = data.get(SESSION_KEY)
        return Session(
            session_key=self.row_id,
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=int(user_id) if user_id else None,
            site_id=data.get(SITE),
            device=data.get(DEVICE, ""),
            country=data.get(COUNTRY, ""),
            created_at=datetime.fromtimestamp(data.get(SINCE, timezone.now().timestamp()), UTC),
        )

    def note_seen(self) -> None:
        """Remember that it is in use, at most once in five minutes."""
        now = timezone.now()
        if self.row and self.row.seen_at < now - NOTE_SEEN_EVERY:
            due = Session.objects.filter(pk=self.row.pk, seen_at=self.row.seen_at)
            due.update(seen_at=now)
            self.row.seen_at = now

    def _get_session_from_db(self) -> Session | None:
        live = Session.objects.filter(session_key=self.row_id, expire_date__gt=timezone.now())
        self.row = live.first()
        if self.row is None:
            self._session_key = None
        return self.row


def digest(key: str) -> str:
    """As long as the column is: 160 bits."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def store_of(request: HttpRequest) -> SessionStore:
    """The request's session; only pages have one."""
    return cast(SessionStore, request.session)
