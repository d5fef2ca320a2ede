"""API keys as the page shows them: values, with names in place of bits and ids."""

from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from dashboard.access import Member
from dashboard.key_forms import PERMISSION_LABELS
from sites import keys, queries
from sites.models import ApiKey

COUNT_ONE = '{"no_sessions": true, "hits": [{"path": "/hello"}]}'


@dataclass(frozen=True, slots=True)
class Row:
    """A key in the list. `sites` empty: all."""

    id: int
    name: str
    prefix: str
    permissions: list[str]
    sites: list[str]
    by: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    expired: bool


@dataclass(frozen=True, slots=True)
class Fresh:
    """A key that was just made: its text, this once, and a line that tries it."""

    id: int
    name: str
    text: str = field(repr=False)
    curl: str = field(repr=False)


def rows(*, account_id: int) -> list[Row]:
    """The account's keys, newest first."""
    codes = {site.pk: site.code for site in queries.sites_of(account_id=account_id)}
    now = timezone.now()
    return [_row(key, codes, now) for key in queries.keys_of(account_id=account_id)]


def fresh(key: ApiKey, text: str, *, member: Member, request: HttpRequest) -> Fresh:
    """The key's one appearance. The line goes to the reader's own host, if the key works there."""
    origin = f"{request.scheme}://{request.get_host()}"
    if not key.reaches(member.site.id):
        sites = queries.sites_of(account_id=member.site.account_id)
        origin = next(queries.site_url(site) for site in sites if key.reaches(site.pk))
    return Fresh(key.pk, key.name, text, _curl(origin, text, key.permissions))


def _row(key: ApiKey, codes: dict[int, str], now: datetime) -> Row:
    return Row(
        id=key.pk,
        name=key.name,
        prefix=key.prefix,
        permissions=[
            str(label)
            for name, label in PERMISSION_LABELS.items()
            if key.permissions & keys.PERMISSIONS[name]
        ],
        sites=[] if -1 in key.sites else [codes.get(i, f"#{i}") for i in key.sites],
        by=key.user.email,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        expires_at=key.expires_at,
        expired=key.expires_at is not None and key.expires_at <= now,
    )


def _curl(origin: str, text: str, permissions: int) -> str:
    """Counts a pageview where the key may; else asks whose key it is, which every key may."""
    line = f"curl -H 'Authorization: Bearer {text}'"
    if permissions & keys.COUNT:
        json = "-H 'Content-Type: application/json'"
        return f"{line} \\\n  {json} \\\n  --data '{COUNT_ONE}' \\\n  {origin}/api/v0/count"
    return f"{line} \\\n  {origin}/api/v0/me"
