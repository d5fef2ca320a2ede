"""Builders: tenants, keys, drained journals. Real services, no rows written behind their backs."""

from dataclasses import dataclass

from django.conf import settings

from goatapi.env import host_id
from hits.backlog import Backlog
from hits.drain import Drain
from hits.intake import Intake
from sites import key_services, keys, services
from sites.directory import directory
from sites.models import Account, Site, User
from storage.registry import storage
from storage.types import StoredHit


@dataclass(frozen=True, slots=True)
class Tenant:
    """One account with a site, its owner, and a key that may do everything."""

    account: Account
    site: Site
    user: User
    key: str

    @property
    def host(self) -> str:
        """The site's host name."""
        return f"{self.site.code}.{settings.ENVIRONMENT.domain}"


@dataclass(frozen=True, slots=True)
class Cast:
    """`owner` owns what the tests are about; `stranger` is another tenant of the service."""

    owner: Tenant
    stranger: Tenant


def make_tenant(code: str, **site: object) -> Tenant:
    """A new account with the site `code`; `site` sets columns of it."""
    row = services.create_site(
        code=code, email=f"{code}@example.net", password="correct horse", vouched=True
    )
    for name, value in site.items():
        setattr(row, name, value)
    row.save()
    user = User.objects.get(email=f"{code}@example.net")
    key = make_key(row, user)
    return Tenant(row.account, row, user, key)


def make_key(site: Site, user: User, permissions: int = keys.ALL) -> str:
    """A key's text."""
    return key_services.create_api_key(
        account=site.account, user=user, name="test", permissions=permissions
    )[1]


def make_cast() -> Cast:
    """Owner and stranger."""
    return Cast(make_tenant("owner"), make_tenant("stranger"))


def drain() -> None:
    """Everything in the journal becomes rows, as the background process would do it."""
    host = host_id(settings.ENVIRONMENT.data_dir)
    backlog = Backlog(settings.ENVIRONMENT.data_dir / "journal", host=host)
    worker = Drain(backlog, Intake(storage().ledger, directory().by_id, host=host))
    while worker.step():
        pass


def stored(site: Site) -> list[StoredHit]:
    """All rows of a site, after draining."""
    drain()
    vault = storage().vault
    batches = vault.scan(site.pk, after=0, upto=vault.visible_upto(site.pk))
    return [hit for batch in batches for hit in batch]


def tallied(site: Site) -> dict[str, int]:
    """Reason → count of what was and was not counted, after draining."""
    from hits import runtime  # noqa: PLC0415  # only tests that count need it

    runtime.flush_tallies(1)
    drain()
    totals: dict[str, int] = {}
    for (_, reason), count in storage().ledger.tallies(site.pk).items():
        totals[reason] = totals.get(reason, 0) + count
    return totals
