"""Editing and rotating keys: who may, what changes, what ends when."""

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from goatapi import errors
from sites import key_services, keys, services
from sites.key_services import Wish
from sites.models import ApiKey, AuditEvent, Role, User
from tests.sites.people import Tenant, get, tenant

pytestmark = pytest.mark.django_db
ME, SITES = "/api/v0/me", "/api/v0/sites"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def foo() -> Tenant:
    """The tenant whose keys these are."""
    return tenant("foo")


def edit(foo: Tenant, key: ApiKey, **wish: object) -> ApiKey:
    """Edit by the owner; what is not named stays as the builder makes it."""
    wanted = Wish(**{"name": "test", "permissions": keys.ALL} | wish)  # type: ignore[arg-type]
    return key_services.edit_api_key(
        account=foo.account, user=foo.owner, key_id=key.pk, wish=wanted
    )


def rotate(foo: Tenant, key: ApiKey, overlap: timedelta = DAY) -> tuple[ApiKey, str]:
    """Rotate by the owner."""
    return key_services.rotate_api_key(
        account=foo.account, user=foo.owner, key_id=key.pk, overlap=overlap
    )


class TestEdit:
    def test_the_text_stays_and_may_do_what_is_wished_now(self, foo: Tenant) -> None:
        key, text = foo.key("count")
        assert get(foo.host, SITES, key=text).status_code == 403
        edit(foo, key, name=" Shop ", permissions=keys.SITE_READ)
        assert get(foo.host, SITES, key=text).status_code == 200
        assert ApiKey.objects.get().name == "Shop"

    def test_it_reaches_the_sites_of_the_wish(self, foo: Tenant) -> None:
        child = foo.add("child")
        key, text = foo.key()
        edit(foo, key, sites=[child.pk])
        assert get(foo.host, ME, key=text).status_code == 403
        assert get("child.example.com", ME, key=text).status_code == 200

    @pytest.mark.parametrize("wish", [{"name": " "}, {"permissions": 1 << 20}, {"limit": (0, 1)}])
    def test_what_breaks_a_rule_changes_nothing(self, foo: Tenant, wish: dict[str, object]) -> None:
        key, _ = foo.key()
        before = ApiKey.objects.values().get()
        with pytest.raises(errors.Invalid):
            edit(foo, key, **wish)
        assert ApiKey.objects.values().get() == before

    def test_another_accounts_site_can_not_be_given(self, foo: Tenant) -> None:
        key, _ = foo.key()
        with pytest.raises(errors.Invalid):
            edit(foo, key, sites=[tenant("bar").site.pk])

    def test_an_expired_key_may_be_renamed_and_given_more_time(self, foo: Tenant) -> None:
        key, text = foo.key(expires=timezone.now() + HOUR)
        ApiKey.objects.update(expires_at=timezone.now() - HOUR)
        key.refresh_from_db()
        edit(foo, key, name="old", expires=key.expires_at)
        assert get(foo.host, ME, key=text).status_code == 401
        edit(foo, key, expires=timezone.now() + HOUR)
        assert get(foo.host, ME, key=text).status_code == 200
        with pytest.raises(errors.Invalid):
            edit(foo, key, expires=timezone.now() - HOUR)

    @pytest.mark.parametrize("role", [Role.READ_ONLY, Role.SETTINGS])
    def test_who_is_no_admin_changes_nothing(self, foo: Tenant, role: Role) -> None:
        key, _ = foo.key()
        services.add_member(account=foo.account, user=foo.owner, role=role)
        with pytest.raises(errors.Forbidden):
            edit(foo, key)
        with pytest.raises(errors.Forbidden):
            rotate(foo, key)

    def test_revoked_and_foreign_keys_answer_alike(self, foo: Tenant) -> None:
        key, _ = foo.key()
        foreign, _ = tenant("bar").key()
        key_services.revoke_api_key(account=foo.account, user=foo.owner, key_id=key.pk)
        for gone in (key, foreign):
            with pytest.raises(errors.NotFound):
                edit(foo, gone)
            with pytest.raises(errors.NotFound):
                rotate(foo, gone)


class TestRotate:
    def test_both_work_until_the_overlap_ends(self, foo: Tenant) -> None:
        old, before = foo.key()
        _, after = rotate(foo, old, HOUR)
        assert [get(foo.host, ME, key=text).status_code for text in (before, after)] == [200, 200]
        with travel(timezone.now() + HOUR):
            answers = [get(foo.host, ME, key=text).status_code for text in (before, after)]
        assert answers == [401, 200]

    def test_without_overlap_the_old_one_ends_at_once(self, foo: Tenant) -> None:
        old, before = foo.key()
        _, after = rotate(foo, old, timedelta())
        assert [get(foo.host, ME, key=text).status_code for text in (before, after)] == [401, 200]

    def test_the_new_one_is_for_the_same(self, foo: Tenant) -> None:
        child = foo.add("child")
        old, _ = foo.key("export", sites=[child.pk], limit=(5, 60))
        new, _ = rotate(foo, old)
        same = ("name", "permissions", "sites", "limit", "account_id")
        assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
        assert (new.replaces_id, new.last_used_at, new.expires_at) == (old.pk, None, None)

    def test_it_belongs_to_who_has_seen_its_text(self, foo: Tenant) -> None:
        old, _ = foo.key()
        admin = User.objects.create_user("admin@foo.org")
        services.add_member(account=foo.account, user=admin, role=Role.ADMIN)
        new, _ = key_services.rotate_api_key(
            account=foo.account, user=admin, key_id=old.pk, overlap=DAY
        )
        assert (new.user, ApiKey.objects.get(pk=old.pk).user) == (admin, foo.owner)

    def test_a_key_that_ends_sooner_still_does(self, foo: Tenant) -> None:
        soon = timezone.now() + HOUR
        old, _ = foo.key(expires=soon)
        rotate(foo, old, DAY)
        assert ApiKey.objects.get(pk=old.pk).expires_at == soon

    def test_once_unless_the_new_one_is_revoked(self, foo: Tenant) -> None:
        for overlap in (timedelta(), DAY):
            old, _ = foo.key()
            new, _ = rotate(foo, old, overlap)
            with pytest.raises(errors.AlreadyDone):
                rotate(foo, old, overlap)
        key_services.revoke_api_key(account=foo.account, user=foo.owner, key_id=new.pk)
        rotate(foo, old)

    def test_each_text_counts_and_is_noted_for_itself(self, foo: Tenant) -> None:
        old, _ = foo.key()
        new, after = rotate(foo, old)
        get(foo.host, ME, key=after)
        used = dict(ApiKey.objects.values_list("pk", "last_used_at"))
        assert used[old.pk] is None
        assert used[new.pk] is not None


class TestAudit:
    def test_each_deed_is_told_and_no_text_of_a_key(self, foo: Tenant) -> None:
        old, before = foo.key("count")
        edit(foo, old, name="Shop", permissions=keys.COUNT, limit=(5, 60))
        new, after = rotate(foo, old)
        key_services.revoke_api_key(account=foo.account, user=foo.owner, key_id=new.pk)
        events = list(AuditEvent.objects.filter(action__startswith="key.").order_by("pk"))
        assert [event.action for event in events] == [
            "key.created",
            "key.edited",
            "key.rotated",
            "key.revoked",
        ]
        assert {event.actor for event in events} == {foo.owner}
        assert events[1].details == {"name": "test → Shop", "limit": "as its class → 5/60"}
        assert before not in repr(AuditEvent.objects.values())
        assert after not in repr(AuditEvent.objects.values())

    def test_an_edit_that_changes_nothing_is_none(self, foo: Tenant) -> None:
        key, _ = foo.key()
        edit(foo, key)
        assert [event.action for event in AuditEvent.objects.filter(action__startswith="key.")] == [
            "key.created"
        ]
