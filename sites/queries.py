"""Questions about tenants, people and keys. Absent and foreign answer alike."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from goatapi import errors
from sites import tenancy
from sites.models import KEY_ROLES, Account, ApiKey, Membership, Site, State, User, tidy_email
from sites.tenancy import SiteRef

# Every request of the API asks this, and the ORM would take a millisecond each time to compose it.
_KEY_AND_ROLE = """
    SELECT api_key.*, membership.role
    FROM sites_apikey AS api_key
    LEFT JOIN sites_membership AS membership
        ON membership.account_id = api_key.account_id AND membership.user_id = api_key.user_id
    WHERE api_key.digest = %s AND api_key.account_id = %s AND api_key.revoked_at IS NULL
"""


def site_by_host(host: str) -> SiteRef | None:
    """The active site that this normalised host asks for.

    A local name asks for the only site of the service, while there is just one.
    """
    asked = tenancy.wanted(host, settings.ENVIRONMENT.domain)
    active = _active()
    if asked.by == "code":
        return _one(active.filter(code=asked.name))
    if asked.by == "cname":
        return _one(active.filter(cname=asked.name))
    return _one(active.order_by()) if asked.by == "local" else None


def site_by_id(site_id: int) -> SiteRef | None:
    """The active site with this id."""
    return _one(_active().filter(pk=site_id))


def site_by_code(code: str) -> Site:
    """The active site with this code. Errors: `errors.NotFound`."""
    site = _active().filter(code=code.strip().lower()).first()
    if site is None:
        raise errors.NotFound(f"there is no site with the code ‘{code}’")
    return site


def code_problem(code: str) -> str | None:
    """Why there can be no new site with this code, as one sentence; None if there can."""
    taken = Site.objects.filter(code=code).exists()
    return tenancy.code_problem(code) or (
        _("the code ‘%(code)s’ is taken") % {"code": code} if taken else None
    )


def sites_of_person(email: str) -> list[Site]:
    """The active sites that the person with this address can sign in to, by code; none for a stranger."""
    theirs = _active().filter(account__memberships__user__email=tidy_email(email))
    return list(theirs.order_by("code"))


def sites_of(*, account_id: int) -> list[Site]:
    """The account's active sites: the primary first, the others by code."""
    return list(_active().filter(account_id=account_id).order_by("-is_primary", "code"))


def sites_under(*, site: SiteRef, reach: Sequence[int] = (-1,)) -> list[Site]:
    """What is seen from `site`: itself, then (if it is the primary) the account's others by code.

    `reach` is a key's list of sites: those outside are not shown.
    """
    seen = _active().filter(account_id=site.account_id)
    if not site.is_primary:
        seen = seen.filter(pk=site.id)
    if -1 not in reach:
        seen = seen.filter(pk__in=reach)
    return list(seen.order_by("-is_primary", "code"))


def site_under(*, site: SiteRef, site_id: int, reach: Sequence[int] = (-1,)) -> Site:
    """The one of `sites_under` with this id. Errors: `errors.NotFound`."""
    for seen in sites_under(site=site, reach=reach):
        if seen.pk == site_id:
            return seen
    raise errors.NotFound


def primary_site_id(*, account_id: int) -> int | None:
    """The id that the API shows as the account's own and as its other sites' parent."""
    return (
        Site.objects.filter(account_id=account_id, is_primary=True)
        .values_list("pk", flat=True)
        .first()
    )


def user_by_email(email: str) -> User | None:
    """The person with this address, whatever its case."""
    return User.objects.filter(email=tidy_email(email)).first()


def role_of(*, account_id: int, user_id: int) -> str | None:
    """What the user is in the account; None for a stranger."""
    return _roles(account_id=account_id).filter(user_id=user_id).first()


def members_of(*, account_id: int) -> list[Membership]:
    """The account's people by their addresses, each row with its user."""
    rows = Membership.objects.filter(account_id=account_id).select_related("user")
    return list(rows.order_by("user__email"))


def live_key(*, account_id: int, digest: bytes, now: datetime) -> tuple[ApiKey, str | None] | None:
    """The account's key with this digest, unless revoked or expired, and its owner's role."""
    for key in ApiKey.objects.raw(_KEY_AND_ROLE, [digest, account_id]):
        if key.expires_at is None or key.expires_at > now:
            return key, vars(key)["role"]
    return None


def key_and_limit(*, account_id: int, digest: bytes) -> tuple[int, tuple[int, int] | None] | None:
    """The id of the account's key with this digest, whatever has become of it, and its own limit."""
    keys = ApiKey.objects.filter(account_id=account_id, digest=digest)
    key = keys.only("limit_requests", "limit_seconds").first()
    return (key.pk, key.limit) if key else None


def keys_of(*, account_id: int) -> list[ApiKey]:
    """The account's keys that are not revoked, also expired ones, each with its owner; newest first."""
    keys = ApiKey.objects.filter(account_id=account_id, revoked_at=None)
    return list(keys.select_related("user").order_by("-pk"))


def key_of(*, account_id: int, key_id: int) -> ApiKey:
    """The account's key with this id, unless revoked. Errors: `errors.NotFound`."""
    keys = ApiKey.objects.filter(account_id=account_id, pk=key_id, revoked_at=None)
    key = keys.select_related("user").first()
    if key is None:
        raise errors.NotFound
    return key


def key_keepers(*, account_id: int) -> set[int]:
    """The ids of the account's members whose keys work."""
    keepers = Membership.objects.filter(account_id=account_id, role__in=KEY_ROLES)
    return set(keepers.values_list("user_id", flat=True))


def newest_key_id(*, account_id: int, user_id: int) -> int:
    """The id of the last key that the user made here, whatever has become of it; 0 for none."""
    keys = ApiKey.objects.filter(account_id=account_id, user_id=user_id).order_by("-pk")
    return keys.values_list("pk", flat=True).first() or 0


def account_by_id(account_id: int) -> Account:
    """The account with this id. Errors: `errors.NotFound`."""
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        raise errors.NotFound
    return account


def any_account() -> bool:
    """Whether somebody has begun to use this service."""
    return Account.objects.exists()


def site_url(site: Site) -> str:
    """Where the site is reached."""
    return url_of(ref(site))


def url_of(site: SiteRef) -> str:
    """As `site_url`."""
    env = settings.ENVIRONMENT
    return tenancy.site_url(site, scheme=env.url_scheme, domain=env.domain, port=env.public_port)


def ref(site: Site) -> SiteRef:
    """The row as the value that crosses seams."""
    return SiteRef(
        id=site.pk,
        account_id=site.account_id,
        code=site.code,
        is_primary=site.is_primary,
        cname=site.cname,
        cname_ready=site.cname_setup_at is not None,
        link_domain=site.link_domain,
        public=site.public,
        secret=site.secret,
        allow_counter=site.allow_counter,
        allow_embed=tenancy.split_list(site.allow_embed),
        data_retention=site.data_retention,
        collect=site.collect,
        collect_regions=tenancy.split_list(site.collect_regions),
        ignore_ips=tenancy.networks(site.ignore_ips),
    )


def _active() -> QuerySet[Site]:
    return Site.objects.filter(state=State.ACTIVE)


def _one(sites: QuerySet[Site]) -> SiteRef | None:
    """The only site of the set; None when there are none or several."""
    found = list(sites[:2])
    return ref(found[0]) if len(found) == 1 else None


def _roles(*, account_id: int) -> QuerySet[Membership, str]:
    return Membership.objects.filter(account_id=account_id).values_list("role", flat=True)
