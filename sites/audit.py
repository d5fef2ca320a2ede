"""The audit log: who did what, when, for the admins of an account. Written with the deed, or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from sites.models import AuditEvent, User

KEPT = timedelta(days=2 * 365)
"""How long events are kept: long enough for a yearly review and its dispute, not for ever."""

BATCH = 1000


def _begins(*words: str) -> Q:
    condition = Q()
    for word in words:
        condition |= Q(action=word) | Q(action__startswith=f"{word}.")
    return condition


KINDS = {
    "sign-in": _begins("sign-in", "sign-out", "session"),
    "security": _begins("password", "mfa", "proof"),
    "key": _begins("key"),
    "user": _begins("user"),
    "site": _begins("site"),
    "export": _begins("export"),
    "account": _begins("account"),
    "deletion": Q(action__regex=r"\.(deleted|revoked|removed|left|uninvited|ended)$"),
}
"""What can be asked for → the actions that are of this kind."""


def record(
    *,
    account_id: int,
    actor: User | None,
    action: str,
    target: str = "",
    details: Mapping[str, str] | None = None,
    country: str = "",
) -> None:
    """Note a deed, to be called in the transaction that does it.

    `actor` is None for a command of the server's operator, and for the service itself. `action` is a dotted
    word such as `key.created`; `target` what it was done to, as people know it (an e-mail, a key's name).
    `details` are shown and exported: nothing secret, and no address of anybody's computer. `country` is where
    the request came from (ISO 3166-1), "" if unknown.
    """
    AuditEvent.objects.create(
        account_id=account_id,
        actor=actor,
        actor_email=actor.email if actor else "",
        action=action,
        target=target[:255],
        details=dict(details or {}),
        country=country,
    )


def purge(*, now: datetime) -> int:
    """Forget what was kept long enough; how many that were."""
    return AuditEvent.objects.filter(at__lt=now - KEPT).delete()[0]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events somebody wants to see. `person`: a part of an address, of who did it or to whom it was done."""

    kind: str = ""
    person: str = ""
    start: datetime | None = None
    end: datetime | None = None


def events(
    *, account_id: int, wanted: Wanted, before: int | None = None, limit: int
) -> list[AuditEvent]:
    """The account's newest events, from the one before `before` on."""
    found = AuditEvent.objects.filter(_condition(wanted), account_id=account_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-pk")[:limit])


def every(*, account_id: int, wanted: Wanted) -> Iterator[AuditEvent]:
    """All of the account's events, newest first, in short questions: nothing is held open or in memory."""
    before = None
    while page := events(account_id=account_id, wanted=wanted, before=before, limit=BATCH):
        yield from page
        before = page[-1].pk


def _condition(wanted: Wanted) -> Q:
    condition = KINDS[wanted.kind] if wanted.kind else Q()
    if wanted.person:
        condition &= Q(actor_email__icontains=wanted.person) | Q(target__icontains=wanted.person)
    if wanted.start:
        condition &= Q(at__gte=wanted.start)
    if wanted.end:
        condition &= Q(at__lt=wanted.end)
    return condition
