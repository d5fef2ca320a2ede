"""Mail before an API key expires: a week before and a day before, to its maker and the account's owners."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from sites import outbox, queries
from sites.formats import reader
from sites.models import KEY_ROLES, ApiKey, Role, User
from sites.preferences import language_of

WARNINGS = (1, 7)
"""Days before. The later warning is looked for first: who gets that needs the other no more."""


def warn(*, now: datetime) -> int:
    """Post what is due; how many keys that were. Safe to run twice at once."""
    return sum(_warn(key, days) for days in WARNINGS for key in list(_due(days, now)))


def done_with(*, expires: datetime | None, now: datetime) -> int | None:
    """The warning that would come at once, to people who have only just chosen this end: it is left out."""
    left = expires - now if expires else timedelta.max
    return next((days for days in WARNINGS if left <= timedelta(days=days)), None)


def _due(days: int, now: datetime) -> QuerySet[ApiKey]:
    """Keys that work and end within so many days, of which nobody was told so yet."""
    return ApiKey.objects.filter(
        Q(warned_days=None) | Q(warned_days__gt=days),
        revoked_at=None,
        expires_at__gt=now,
        expires_at__lte=now + timedelta(days=days),
        user__memberships__account=F("account"),
        user__memberships__role__in=KEY_ROLES,
    ).select_related("user")


@transaction.atomic
def _warn(key: ApiKey, days: int) -> bool:
    """False when another process was quicker, or the key was changed meanwhile."""
    mine = ApiKey.objects.filter(pk=key.pk, warned_days=key.warned_days, expires_at=key.expires_at)
    sites = queries.sites_of(account_id=key.account_id)
    if not mine.update(warned_days=days) or not sites:
        return False
    context = {
        "key": key,
        "replaced": key.replaced_by.filter(revoked_at=None).exists(),
        "url": f"{queries.site_url(sites[0])}/settings/auth/keys/{key.pk}/edit",
    }
    for person in _people(key):
        given = context | {"reader": reader(person)}
        language = language_of(person)
        outbox.post(to=person.email, kind="key-expiring", context=given, language=language)
    return True


def _people(key: ApiKey) -> list[User]:
    """Who made it, and the account's owners; each once."""
    owners = User.objects.filter(
        memberships__account_id=key.account_id, memberships__role=Role.OWNER
    )
    return list({person.pk: person for person in [key.user, *owners]}.values())
