"""Builders: a tenant, a key, a request with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sites import key_services, keys, services
from sites.models import Account, ApiKey, Site, User
from tests.client import Client


class Response(Protocol):
    """What tests look at in an answer (the test client's own type has no public name)."""

    status_code: int
    content: bytes

    @property
    def headers(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Tenant:
    """An account with its first site and owner."""

    account: Account
    site: Site
    owner: User

    @property
    def host(self) -> str:
        """Where the site answers in tests."""
        return f"{self.site.code}.example.com"

    def key(self, *names: str, **options: Any) -> tuple[ApiKey, str]:
        """A key of the owner; without names it may do everything."""
        options.setdefault("permissions", keys.mask_of(names) if names else keys.ALL)
        options.setdefault("user", self.owner)
        return key_services.create_api_key(account=self.account, name="test", **options)

    def add(self, code: str) -> Site:
        """Another site of the account."""
        return services.add_site(account=self.account, code=code)


def tenant(code: str = "foo", email: str | None = None) -> Tenant:
    """A new tenant; its owner is OWNER@CODE.org unless told."""
    site = services.create_site(code=code, email=email or f"owner@{code}.org")
    return Tenant(site.account, site, site.account.memberships.get().user)


def get(host: str, path: str, key: str | None = None, **headers: str) -> Response:
    """GET `path` from `host`, with a key if given."""
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    return Client(raise_request_exception=False).get(path, headers={"host": host, **headers})
