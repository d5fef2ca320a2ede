"""API keys as the page shows them: values, with names in place of bits and ids."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from dashboard.access import Member
from dashboard.durations import rate
from dashboard.key_forms import PERMISSION_LABELS
from sites import key_limits, keys, queries
from sites.models import ApiKey

COUNT_ONE = '{"no_sessions": true, "hits": [{"path": "/hello"}]}'


@dataclass(frozen=True, slots=True)
class Row:
    """A key in the list. `sites` empty: all. `limit` empty: its class's.

    `stopped`: whoever made it is no admin any more. `successor` has taken its place, it that of
    `predecessor`: both are the shown parts of other keys in the list, or empty.
    """

    id: int
    name: str
    prefix: str
    permissions: list[str]
    sites: list[str]
    limit: str
    by: str
    created_at: datetime
    last_used_at: datetime | None
    endpoint: str
    country: str
    expires_at: datetime | None
    expired: bool
    stopped: bool
    successor: str
    predecessor: str


@dataclass(frozen=True, slots=True)
class Fresh:
    """A key that was just made: its text, this once, and a line that tries it. `old`: what it replaces."""

    id: int
    name: str
    text: str = field(repr=False)
    curl: str = field(repr=False)
    old: ApiKey | None = None


@dataclass(frozen=True, slots=True)
class _Names:
    """What a row is written with."""

    now: datetime
    codes: dict[int, str]
    keepers: set[int]
    prefixes: dict[int, str]
    successors: dict[int, str]


def rows(*, account_id: int) -> list[Row]:
    """The account's keys, newest first; one that is being replaced follows its successor."""
    found = queries.keys_of(account_id=account_id)
    names = _Names(
        now=timezone.now(),
        codes={site.pk: site.code for site in queries.sites_of(account_id=account_id)},
        keepers=queries.key_keepers(account_id=account_id),
        prefixes={key.pk: key.prefix for key in found},
        successors={key.replaces_id: key.prefix for key in found if key.replaces_id},
    )
    return [_row(key, names) for key in _in_order(found)]


def row(key: ApiKey) -> Row:
    """One of them, for a page of its own."""
    return next(row for row in rows(account_id=key.account_id) if row.id == key.pk)


def fresh(key: ApiKey, text: str, *, member: Member, request: HttpRequest) -> Fresh:
    """The key's one appearance. The line goes to the reader's own host, if the key works there."""
    origin = f"{request.scheme}://{request.get_host()}"
    if not key.reaches(member.site.id):
        sites = queries.sites_of(account_id=member.site.account_id)
        origin = next((queries.site_url(site) for site in sites if key.reaches(site.pk)), origin)
    return Fresh(key.pk, key.name, text, _curl(origin, text, key.permissions), key.replaces)


def _in_order(found: list[ApiKey]) -> Iterable[ApiKey]:
    """Newest first; what a key replaces comes right after it, however old that is."""
    by_id = {key.pk: key for key in found}
    replaced = {key.replaces_id for key in found}
    for newest in found:
        key = None if newest.pk in replaced else newest
        while key:
            yield key
            key = by_id.get(key.replaces_id or 0)


def _row(key: ApiKey, names: _Names) -> Row:
    limit = key_limits.in_force(key.limit)
    return Row(
        id=key.pk,
        name=key.name,
        prefix=key.prefix,
        permissions=[
            str(label)
            for name, label in PERMISSION_LABELS.items()
            if key.permissions & keys.PERMISSIONS[name]
        ],
        sites=[] if -1 in key.sites else [names.codes.get(i, f"#{i}") for i in key.sites],
        limit=rate(*limit) if limit else "",
        by=key.user.email,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        endpoint=key.last_used_endpoint,
        country=key.last_used_country,
        expires_at=key.expires_at,
        expired=key.expires_at is not None and key.expires_at <= names.now,
        stopped=key.user_id not in names.keepers,
        successor=names.successors.get(key.pk, ""),
        predecessor=names.prefixes.get(key.replaces_id or 0, ""),
    )


def _curl(origin: str, text: str, permissions: int) -> str:
    """Counts a pageview where the key may; else asks whose key it is, which every key may."""
    line = f"curl -H 'Authorization: Bearer {text}'"
    if permissions & keys.COUNT:
        json = "-H 'Content-Type: application/json'"
        return f"{line} \\\n  {json} \\\n  --data '{COUNT_ONE}' \\\n  {origin}/api/v0/count"
    return f"{line} \\\n  {origin}/api/v0/me"
