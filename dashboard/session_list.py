"""Sessions as the settings show them: values."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from dashboard.sessions import store_of
from sites import own_sessions


@dataclass(frozen=True, slots=True)
class Row:
    """A session in the list; `here` is the reader's own."""

    id: str
    device: str
    country: str
    site: str
    created_at: datetime
    seen_at: datetime
    here: bool


def rows(request: HttpRequest, *, user_id: int) -> list[Row]:
    """The person's open sessions, the reader's own first."""
    here = store_of(request).row_id
    found = [
        Row(
            id=session.pk,
            device=session.device,
            country=session.country,
            site=session.site.code if session.site else "",
            created_at=session.created_at,
            seen_at=session.seen_at,
            here=session.pk == here,
        )
        for session in own_sessions.sessions_of(user_id=user_id)
    ]
    return sorted(found, key=lambda row: not row.here)
