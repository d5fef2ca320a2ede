"""What the tables themselves refuse, and what the verbs promise."""

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from goatapi import errors
from sites import key_services, queries, services
from sites.models import ApiKey, Role, Site, User
from tests.sites.people import Tenant, tenant

pytestmark = pytest.mark.django_db


def test_a_person_is_one_whatever_the_case_of_the_address() -> None:
    User.objects.create_user(" Ann@Example.org ", "pass-word-1")
    assert queries.user_by_email("ANN@example.ORG") is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("ann@EXAMPLE.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Bob@example.org")


def sign_in(home: Tenant, email: str, password: str) -> object:
    """As the sign-in page of this tenant's site asks."""
    request = RequestFactory().get("/sign-in")
    request.site = queries.ref(home.site)  # type: ignore[assignment]  # as the middleware puts it
    return authenticate(request, email=email, password=password)


def test_signing_in_with_the_address_in_any_case() -> None:
    home = tenant()
    home.owner.set_password("pass-word-1")
    home.owner.save()
    assert sign_in(home, home.owner.email.upper(), "pass-word-1") == home.owner
    assert sign_in(home, home.owner.email, "pass-word-2") is None
    assert sign_in(tenant("bar"), home.owner.email, "pass-word-1") is None


def test_a_person_without_a_password_can_not_sign_in() -> None:
    home = tenant()
    assert not home.owner.has_usable_password()
    assert sign_in(home, home.owner.email, "") is None


def test_codes_and_domains_are_stored_in_lower_case() -> None:
    site = tenant("FOO").site
    assert site.code == "foo"
    for wrong in ({"code": "Foo"}, {"cname": "Stats.foo.org"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Site.objects.filter(pk=site.pk).update(**wrong)


def test_a_new_site_stores_individual_pageviews_and_some_regions() -> None:
    ref = queries.ref(tenant().site)
    assert (ref.collect, ref.collect_regions) == (446, ("US", "RU", "CN"))
    assert (ref.public, ref.data_retention, ref.ignore_ips) == ("private", 0, ())


def test_the_first_site_of_an_account_is_the_primary_and_only_that() -> None:
    foo = tenant()
    child = foo.add("child")
    assert (foo.site.is_primary, child.is_primary) == (True, False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Site.objects.filter(pk=child.pk).update(is_primary=True)


def test_the_owner_of_two_accounts_is_one_person_who_keeps_the_password() -> None:
    services.create_site(code="foo", email="ann@example.org", password="first-word")
    services.create_site(code="bar", email="Ann@example.org", password="second-word")
    ann = User.objects.get()
    assert ann.check_password("first-word")
    assert sorted(ann.memberships.values_list("role", flat=True)) == [Role.OWNER, Role.OWNER]
    assert ann.memberships.values("account").distinct().count() == 2


def test_a_refused_site_leaves_nothing_behind() -> None:
    tenant("foo")
    with pytest.raises(errors.Invalid) as refusal:
        services.create_site(code="foo", email="new@example.org")
    assert refusal.value.errors == {"code": ["the code ‘foo’ is taken"]}
    assert queries.user_by_email("new@example.org") is None


def test_a_role_is_changed_not_doubled() -> None:
    foo = tenant()
    services.add_member(account=foo.account, user=foo.owner, role=Role.READ_ONLY)
    assert foo.account.memberships.get().role == Role.READ_ONLY


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"permissions": 128}, {"permissions": -1}, {"sites": []}, {"sites": [999]},
     {"sites": [-1, 999]}],
)  # fmt: skip
def test_a_key_is_refused_for_what_it_can_not_be(wrong: dict[str, object]) -> None:
    foo = tenant()
    options = {"name": "x", "permissions": 2} | wrong
    with pytest.raises(errors.Invalid):
        key_services.create_api_key(account=foo.account, user=foo.owner, **options)  # type: ignore[arg-type]  # wrong on purpose
    assert not ApiKey.objects.exists()


def test_a_key_is_only_for_sites_of_its_own_account() -> None:
    foo, bar = tenant("foo"), tenant("bar")
    with pytest.raises(errors.Invalid):
        foo.key(sites=[foo.site.pk, bar.site.pk])


@pytest.mark.parametrize("role", [None, Role.READ_ONLY, Role.SETTINGS])
def test_only_admins_get_keys(role: Role | None) -> None:
    foo, stranger = tenant("foo"), tenant("bar").owner
    if role:
        services.add_member(account=foo.account, user=stranger, role=role)
    with pytest.raises(errors.Forbidden):
        foo.key(user=stranger)


def test_the_text_of_a_key_is_not_stored() -> None:
    key, text = tenant().key()
    row = ApiKey.objects.filter(pk=key.pk).values().get()
    assert text not in str(row)
    assert text.startswith(row["prefix"])


def test_the_only_site_answers_to_local_names_until_there_is_a_second() -> None:
    assert queries.site_by_host("localhost") is None
    foo = tenant("foo")
    assert [queries.site_by_host(h) for h in ("localhost", "127.0.0.1", "::1")] == [
        queries.ref(foo.site)
    ] * 3
    tenant("bar")
    assert queries.site_by_host("localhost") is None


def test_a_deleted_site_is_nowhere() -> None:
    foo = tenant("foo")
    Site.objects.update(state="d")
    assert queries.site_by_host("foo.example.com") is None
    assert queries.site_by_id(foo.site.pk) is None
    assert queries.site_by_host("localhost") is None
    assert queries.sites_of(account_id=foo.account.pk) == []


def test_a_site_is_found_by_its_own_domain() -> None:
    foo = tenant("foo")
    Site.objects.update(cname="stats.foo.org")
    found = queries.site_by_host("stats.foo.org")
    assert found is not None
    assert found.id == foo.site.pk
    assert queries.site_by_host("stats.bar.org") is None
