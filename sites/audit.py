"""The audit log: who did what, when, for the admins of an account. Written with the deed, or not at all."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sites.models import AuditEvent, User

KEPT = timedelta(days=2 * 365)
"""How long events are kept: long enough for a yearly review and its dispute, not for ever."""


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
