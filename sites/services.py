"""What can be done to tenants and people. Each verb is one transaction. Keys: `key_services`."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from goatapi import errors
from sites import audit, outbox, preferences, queries, tenancy
from sites.models import Account, Membership, Role, Site, User, tidy_email


@transaction.atomic
def create_site(
    *,
    code: str,
    email: str,
    password: str | None = None,
    link_domain: str = "",
    vouched: bool = False,
    by_owner: bool = False,
) -> Site:
    """Make a new account with its first site, owned by the person with this e-mail.

    A person who is known already becomes the owner of this account too and keeps their password
    (`password` is for new people; without one they can not sign in until a reset).
    `vouched`: the operator says that the address is the person's, so it needs no confirming.
    `by_owner`: it is that person who makes it, and not the operator.
    Errors: `errors.Invalid` for `code`, `email`, `link_domain`.
    """
    account = create_account(email=email, password=password, vouched=vouched)
    owner = account.memberships.get().user if by_owner else None
    return add_site(account=account, code=code, link_domain=link_domain, actor=owner)


@transaction.atomic
def create_first_site(*, code: str, email: str, password: str, language: str | None = None) -> Site:
    """As `create_site`, while the service has no account. Errors: `errors.AlreadyDone` too.

    `language` is the one that its owner reads.
    """
    # With no account there is no row of ours to lock. Every migrated database has this one, so that of
    # two who come at once the second waits here, and then sees what the first has made.
    ContentType.objects.select_for_update().get(app_label="sites", model="account")
    if queries.any_account():
        raise errors.AlreadyDone("this service has an account already")
    site = create_site(code=code, email=email, password=password, vouched=True, by_owner=True)
    begun = preferences.beginning(language=language)
    User.objects.filter(email=tidy_email(email)).update(preferences=begun)
    return site


@transaction.atomic
def create_account(*, email: str, password: str | None = None, vouched: bool = False) -> Account:
    """Make an account without sites and its owner. Errors: `errors.Invalid` for `email`."""
    user = _user(email=email, password=password, verified=vouched)
    account = Account.objects.create()
    add_member(account=account, user=user, role=Role.OWNER)
    return account


def add_member(*, account: Account, user: User, role: Role) -> Membership:
    """Give the user this role in the account, in place of the one they may have."""
    return Membership.objects.update_or_create(account=account, user=user, defaults={"role": role})[
        0
    ]


def verify_email(*, user: User) -> None:
    """The person has shown that the address is theirs."""
    User.objects.filter(pk=user.pk, email=user.email).update(email_verified=True)


@transaction.atomic
def add_site(
    *, account: Account, code: str, link_domain: str = "", actor: User | None = None
) -> Site:
    """Make another site of the account; its first one is the primary. Without an `actor` the operator does.

    Errors: `errors.Invalid` for `code`, `link_domain`.
    """
    code, link_domain = code.strip().lower(), link_domain.strip().rstrip("/")
    errors.refuse(
        code=tenancy.code_problem(code), link_domain=tenancy.link_domain_problem(link_domain)
    )
    # Locked, so that of two first sites at once one is the primary.
    Account.objects.select_for_update().get(pk=account.pk)
    first = not account.sites.filter(is_primary=True).exists()
    try:
        with transaction.atomic():
            site = Site.objects.create(
                account=account, code=code, link_domain=link_domain, is_primary=first
            )
    except IntegrityError:
        taken = _("the code ‘%(code)s’ is taken") % {"code": code}
        raise errors.Invalid({"code": [taken]}) from None
    audit.record(account_id=account.pk, actor=actor, action="site.created", target=code)
    return site


@transaction.atomic
def set_domain(*, site: Site, domain: str, actor: User | None = None) -> None:
    """Have the site reached at a domain of its own too, beside its code; with "" at its code alone.

    Whoever calls this says that the domain leads here: addresses that are shown begin with it from now on.
    Errors: `errors.Invalid` for `cname`.
    """
    cname = domain.strip().lower().rstrip(".") or None
    if cname:
        errors.refuse(cname=tenancy.cname_problem(cname, settings.ENVIRONMENT.domain))
    now = timezone.now()
    try:
        with transaction.atomic():
            Site.objects.filter(pk=site.pk).update(
                cname=cname, cname_setup_at=now if cname else None, updated_at=now
            )
    except IntegrityError:
        raise errors.Invalid({"cname": [f"the domain ‘{cname}’ is another site's"]}) from None
    site.refresh_from_db()
    _note_settings(site, actor, {"cname": cname or ""})


@transaction.atomic
def change_settings(*, site: Site, actor: User | None = None, **changes: object) -> Site:
    """Set columns of the site's settings; every process goes by them within a second.

    Errors: `errors.Invalid` for `collect`, `collect_regions`, `ignore_ips`.
    """
    errors.refuse(**{name: tenancy.setting_problem(name, value) for name, value in changes.items()})
    for name, value in changes.items():
        setattr(site, name, value)
    site.updated_at = timezone.now()
    site.save(update_fields=[*changes, "updated_at"])
    _note_settings(site, actor, changes)
    return site


def _note_settings(site: Site, actor: User | None, changes: Mapping[str, object]) -> None:
    """What is set to what; of addresses, which are somebody's, only that they are others."""
    told = {name: str(value) for name, value in changes.items()}
    if told.get("ignore_ips"):
        told["ignore_ips"] = "…"
    audit.record(
        account_id=site.account_id,
        actor=actor,
        action="site.setting",
        target=site.code,
        details=told,
    )


@transaction.atomic
def change_preferences(*, user: User, **chosen: object) -> None:
    """Set preferences of a person, in the API's spelling; "" takes a choice back.

    Errors: `errors.Invalid` by preference.
    """
    errors.refuse(**{name: preferences.problem(name, value) for name, value in chosen.items()})
    row = User.objects.select_for_update().get(pk=user.pk)
    merged = {**row.preferences, **chosen}
    user.preferences = {name: value for name, value in merged.items() if value != ""}
    user.save(update_fields=["preferences"])


def mail_sites(*, email: str) -> None:
    """Mail to this address which sites it can sign in to, also when there are none: nobody else learns of it."""
    found = [
        {"code": site.code, "url": queries.site_url(site)}
        for site in queries.sites_of_person(email)
    ]
    outbox.post(to=email, kind="find-my-site", context={"sites": found})


def _user(*, email: str, password: str | None, verified: bool) -> User:
    try:
        validate_email(tidy_email(email))
    except ValidationError:
        problem = _("‘%(email)s’ is not a valid e-mail address") % {"email": email}
        raise errors.Invalid({"email": [problem]}) from None
    known = queries.user_by_email(email)
    if known:
        return known
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password or None, email_verified=verified)
    except IntegrityError:  # somebody made it between the look and the try
        return User.objects.get(email=tidy_email(email))
