"""Mail before a key expires: when, to whom, and once."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from sites import key_services, key_warnings, services, tasks
from sites.models import ApiKey, Mail, Role, User
from tests.sites.people import Tenant, tenant

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def foo() -> Tenant:
    """The tenant whose key expires."""
    return tenant("foo")


def expiring(foo: Tenant, user: User | None = None) -> datetime:
    """The expiry of a new key, 30 days from now."""
    expires = timezone.now() + 30 * DAY
    foo.key(expires=expires, user=user or foo.owner)
    return expires


def told() -> list[str]:
    """To whom mail went, in order."""
    return list(Mail.objects.order_by("pk").values_list("to", flat=True))


def test_a_week_and_a_day_before_and_once_each(foo: Tenant) -> None:
    expires = expiring(foo)
    moments = [8 * DAY, 7 * DAY, 7 * DAY - HOUR, 2 * DAY, DAY, HOUR, -HOUR]
    sent = [key_warnings.warn(now=expires - before) for before in moments]
    assert sent == [0, 1, 0, 0, 1, 0, 0]
    assert told() == ["owner@foo.org", "owner@foo.org"]


def test_after_a_pause_only_the_later_one_comes(foo: Tenant) -> None:
    expires = expiring(foo)
    assert [key_warnings.warn(now=expires - HOUR) for _ in range(2)] == [1, 0]


def test_the_maker_and_the_owners_are_told_once_each(foo: Tenant) -> None:
    people = {
        role: User.objects.create_user(f"{role.value}@foo.org")
        for role in Role
        if role != Role.OWNER
    }
    for role, person in people.items():
        services.add_member(account=foo.account, user=person, role=role)
    key_warnings.warn(now=expiring(foo, people[Role.ADMIN]) - DAY)
    assert sorted(told()) == ["admin@foo.org", "owner@foo.org"]


def test_nobody_of_another_account_is(foo: Tenant) -> None:
    tenant("bar").key(expires=timezone.now() + 90 * DAY)
    key_warnings.warn(now=expiring(foo) - DAY)
    assert told() == ["owner@foo.org"]


def test_it_says_which_and_when_and_where_to_go_and_not_the_key(foo: Tenant) -> None:
    expires = timezone.now() + 30 * DAY
    key, text = foo.key(expires=expires)
    key_warnings.warn(now=expires - DAY)
    mail = Mail.objects.get()
    for body in (mail.text, mail.html):
        assert key.prefix in body
        assert f"http://foo.example.com:8000/settings/auth/keys/{key.pk}/edit" in body
        assert text not in body


def test_a_hostile_name_stays_a_text(foo: Tenant) -> None:
    expires = expiring(foo)
    ApiKey.objects.update(name="<img src=x>\r\nBcc: all@foo.org")
    key_warnings.warn(now=expires - DAY)
    mail = Mail.objects.get()
    assert "<img" not in mail.html
    assert "\n" not in mail.subject


def test_whoever_has_just_chosen_an_end_is_not_told_of_it(foo: Tenant) -> None:
    now = timezone.now()
    for left, warnings in ((HOUR, 0), (3 * DAY, 1), (8 * DAY, 2)):
        key, _ = foo.key(expires=now + left)
        moments = [now + n * HOUR for n in range(24 * 8)]
        assert sum(key_warnings.warn(now=moment) for moment in moments) == warnings
        key_services.revoke_api_key(account=foo.account, user=foo.owner, key_id=key.pk)


def test_a_key_with_more_time_is_warned_of_anew(foo: Tenant) -> None:
    expires = expiring(foo)
    assert key_warnings.warn(now=expires - DAY) == 1
    key = ApiKey.objects.get()
    later = expires + 30 * DAY
    wish = key_services.Wish(name="test", permissions=2, expires=later)
    key_services.edit_api_key(account=foo.account, user=foo.owner, key_id=key.pk, wish=wish)
    assert [key_warnings.warn(now=later - left) for left in (7 * DAY, DAY)] == [1, 1]


def test_a_rotated_keys_old_text_is_called_that(foo: Tenant) -> None:
    key, _ = foo.key()
    key_services.rotate_api_key(account=foo.account, user=foo.owner, key_id=key.pk, overlap=7 * DAY)
    assert key_warnings.warn(now=timezone.now() + 6 * DAY + HOUR) == 1
    assert Mail.objects.get().subject == "The old text of the API key ‘test’ ends soon"


def test_a_key_that_does_not_work_any_more_is_no_news(foo: Tenant) -> None:
    expires = expiring(foo)
    services.add_member(account=foo.account, user=foo.owner, role=Role.READ_ONLY)
    assert key_warnings.warn(now=expires - DAY) == 0


def test_the_schedule_does_it(foo: Tenant) -> None:
    expiring(foo)
    ApiKey.objects.update(expires_at=timezone.now() + HOUR)
    tasks.warn_of_expiring_keys()
    tasks.warn_of_expiring_keys()
    assert told() == ["owner@foo.org"]
