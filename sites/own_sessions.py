"""A person's own sessions: which there are, and how they end. What a session holds is the dashboard's affair."""

from django.db import transaction
from django.utils import timezone

from goatapi import errors
from sites import audit
from sites.models import Session, User


def sessions_of(*, user_id: int) -> list[Session]:
    """Those that are open, on all sites, each with its site; the one seen last first."""
    live = Session.objects.filter(user_id=user_id, expire_date__gt=timezone.now())
    return list(live.select_related("site").order_by("-seen_at", "pk"))


@transaction.atomic
def end_session(*, account_id: int, user: User, session_id: str) -> None:
    """Sign a device out. Errors: `errors.NotFound`, also for somebody else's."""
    mine = Session.objects.filter(user=user, pk=session_id).first()
    if mine is None:
        raise errors.NotFound
    mine.delete()
    action, details = "session.ended", {"device": mine.device}
    audit.record(account_id=account_id, actor=user, action=action, details=details)


@transaction.atomic
def end_others(*, account_id: int, user: User, keep: str) -> None:
    """Sign all devices out but the one whose session is `keep`."""
    ended = end_all(user_id=user.pk, keep=keep)
    details = {"sessions": str(ended)}
    audit.record(account_id=account_id, actor=user, action="session.others-ended", details=details)


def end_all(*, user_id: int, keep: str = "") -> int:
    """End the person's sessions, without a word in the audit log; how many that were."""
    return Session.objects.filter(user_id=user_id).exclude(pk=keep).delete()[0]
