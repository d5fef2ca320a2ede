"""Two accounts as pages show them, in a running service's data: one with tidy names, one with hostile ones.

Run by `world.furnished` in a process of its own, since a test that drives a browser may not use the ORM.
Prints each account's ids and addresses as JSON.
"""

import json
import sys
from typing import Any

import django

django.setup()

from sites import key_services, keys, links, services  # noqa: E402  # after the settings
from sites.models import Account, Role, Site, User  # noqa: E402
from tests.browser.pages.names import HOSTILE, PASSWORD, TIDY, Names  # noqa: E402


def furnish(code: str, names: Names) -> dict[str, Any]:
    """An account with one of everything."""
    site = services.create_site(
        code=code, email=names.email("owner"), password=PASSWORD, link_domain=names.domain
    )
    people = {role: person(site.account, role, names) for role in Role}
    return {
        "code": code,
        "emails": {role.value: user.email for role, user in people.items()},
        "verify": links.verification_link(newcomer(site.account, names), site).rpartition("/")[2],
        **ids_of_keys(site, people[Role.OWNER], names),
    }


def newcomer(account: Account, names: Names) -> User:
    """A member whose address nobody has confirmed, nor ever will."""
    user = User.objects.create_user(names.newcomer, PASSWORD, name=names.person)
    services.add_member(account=account, user=user, role=Role.READ_ONLY)
    return user


def person(account: Account, role: Role, names: Names) -> User:
    """A member with this role; the owner is there already."""
    user, _ = User.objects.get_or_create(email=names.email(role.value))
    user.name, user.email_verified = names.person, True
    user.set_password(PASSWORD)
    user.save()
    services.add_member(account=account, user=user, role=role)
    return user


def ids_of_keys(site: Site, owner: User, names: Names) -> dict[str, Any]:
    """A key for each thing that a page can do to one."""
    made = [
        key_services.create_api_key(
            account=site.account, user=owner, name=name, permissions=keys.ALL
        )
        for name in (names.key, "Second")
    ]
    return {"key_id": made[0][0].pk, "key": made[1][1]}


if __name__ == "__main__":
    told = {"tidy": furnish("tidy", TIDY), "hostile": furnish("hostile", HOSTILE)}
    sys.stdout.write(json.dumps(told))
