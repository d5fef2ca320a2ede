"""The audit log's rows: kept when people go, gone with the account and with time."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from sites import audit
from sites.models import AuditEvent, Role
from tests.sites.people import tenant

pytestmark = pytest.mark.django_db


def test_an_event_names_its_actor_also_when_they_are_gone() -> None:
    foo = tenant()
    audit.record(account_id=foo.account.pk, actor=foo.owner, action="key.created", target="backend")
    foo.owner.delete()
    event = AuditEvent.objects.get(action="key.created")
    assert (event.actor, event.actor_email, event.target) == (None, "owner@foo.org", "backend")


def test_a_deed_that_is_undone_leaves_no_event() -> None:
    foo = tenant()
    with transaction.atomic():
        audit.record(account_id=foo.account.pk, actor=foo.owner, action="key.created")
        transaction.set_rollback(True)
    assert not AuditEvent.objects.filter(action="key.created").exists()


def test_events_are_kept_for_two_years() -> None:
    foo = tenant()
    for _ in range(2):
        audit.record(account_id=foo.account.pk, actor=None, action="sign-in")
    old = AuditEvent.objects.order_by("pk")[0]
    AuditEvent.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=731))
    assert audit.purge(now=timezone.now()) == 1
    assert not AuditEvent.objects.filter(pk=old.pk).exists()


def test_roles_rise() -> None:
    for n, role in enumerate(Role):
        assert [role.is_at_least(other) for other in Role] == [m <= n for m in range(4)]
