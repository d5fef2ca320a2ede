"""Two accounts as pages show them, in a running service's data: one with tidy names, one with hostile ones.

Run by `world.furnished` in a process of its own, since a test that drives a browser may not use the ORM.
Prints each account's ids and addresses as JSON.
"""

import json
import sys
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402  # after the settings

from exports.services import start_export  # noqa: E402
from sites import factors, invitations, key_services, keys, links, queries, services, sign_up  # noqa: E402
from sites.models import Account, Mail, Role, Site, User  # noqa: E402
from tests.browser.pages.names import HOSTILE, PASSWORD, TIDY, Names  # noqa: E402
from tests.dashboard.codes import shown_by_app  # noqa: E402


def furnish(code: str, names: Names) -> dict[str, Any]:
    """An account with one of everything."""
    site = services.create_site(
        code=code, email=names.email("owner"), password=PASSWORD, link_domain=names.domain
    )
    people = {role: person(site.account, role, names) for role in Role}
    guarded, secret = person_with_an_app(site.account, names)
    new = newcomer(site.account, names)
    return {
        "code": code,
        "emails": {role.value: user.email for role, user in people.items()} | {"guarded": guarded},
        "secret": secret,
        "reset": links.reset_link(new, site).rpartition("/")[2],
        "verify": links.verification_link(new, site).rpartition("/")[2],
        "export_id": start_export(site=queries.ref(site), user=people[Role.OWNER]).pk,
        "join": token_for_who_is_invited(site, people[Role.OWNER], names),
        "wish": token_of_who_signs_up(code, names),
        **ids_of_keys(site, people[Role.OWNER], names),
    }


def person_with_an_app(account: Account, names: Names) -> tuple[str, str]:
    """Their address and the app's secret."""
    user = User.objects.create_user(names.email("guarded"), PASSWORD, email_verified=True)
    services.add_member(account=account, user=user, role=Role.ADMIN)
    secret = factors.new_secret()
    code = shown_by_app(secret, steps=-1)
    assert factors.add_app(account_id=account.pk, user=user, secret=secret, code=code)
    return user.email, secret


@transaction.atomic
def token_for_who_is_invited(site: Site, owner: User, names: Names) -> str:
    """As the mail holds it, and the database does not."""
    invitations.invite(
        site=queries.ref(site), actor=owner, email=names.invited, role=Role.READ_ONLY
    )
    return _mailed("/join/")


@transaction.atomic
def token_of_who_signs_up(code: str, names: Names) -> str:
    """Likewise."""
    sign_up.begin(
        email=f"wish-{names.invited}" if names is TIDY else names.invited,
        code=f"wish-{code}",
        password=PASSWORD,
        timezone="Europe/Berlin",
        language="en",
    )
    return _mailed("token=")


def _mailed(before: str) -> str:
    return Mail.objects.latest("pk").text.partition(before)[2].split()[0]


def newcomer(account: Account, names: Names) -> User:
    """A member who has not confirmed their address nor signed in, nor ever will."""
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
    """One key to look at, and one that has taken another's place."""
    account = site.account
    key, _ = key_services.create_api_key(
        account=account, user=owner, name=names.key, permissions=keys.ALL, limit=(5, 60)
    )
    old, _ = key_services.create_api_key(
        account=account, user=owner, name=f"Old {names.key}"[:255], permissions=keys.EXPORT
    )
    key_services.rotate_api_key(
        account=account, user=owner, key_id=old.pk, overlap=timedelta(days=1)
    )
    return {"key_id": key.pk, "old_id": old.pk}


if __name__ == "__main__":
    told = {"tidy": furnish("tidy", TIDY), "hostile": furnish("hostile", HOSTILE)}
    sys.stdout.write(json.dumps(told))
