"""python manage.py create_api_key CODE --email E --name N --permissions P,Q [--expires 90d]"""

import re
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from goatapi import errors
from sites import key_services, keys, queries
from sites.management.refusing import RefusingCommand
from sites.models import User

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Command(RefusingCommand):
    """Makes an API key. Works while the service runs."""

    help = "Make an API key for the account of a site; prints the key and nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("code", help="code of a site of the account")
        parser.add_argument("--email", required=True, help="e-mail of the key's owner, an admin")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument(
            "--permissions", required=True, help=f"joined by commas: {','.join(keys.PERMISSIONS)}"
        )
        parser.add_argument("--expires", help="such as 12h, 90d or 4w; without it, never")

    def work(self, **options: Any) -> None:
        """Make it and print its text, this once."""
        site = queries.site_by_code(options["code"])
        _, text = key_services.create_api_key(
            account=site.account,
            user=_member(site.account_id, options["email"], site.code),
            name=options["name"],
            permissions=_mask(options["permissions"]),
            expires=_expiry(options["expires"]),
        )
        self.stdout.write(text)


def _member(account_id: int, email: str, code: str) -> User:
    """An unknown person and a stranger to the account get the same answer."""
    user = queries.user_by_email(email)
    if user is None or queries.role_of(account_id=account_id, user_id=user.pk) is None:
        raise errors.NotFound(f"the account of ‘{code}’ has no member {email}")
    return user


def _mask(text: str) -> int:
    try:
        return keys.mask_of(name.strip() for name in text.split(",") if name.strip())
    except ValueError as error:
        raise errors.Invalid({"permissions": [str(error)]}) from None


def _expiry(text: str | None) -> datetime | None:
    if text is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", text.strip())
    if match is None:
        sentence = f"the expiry must be a number of hours, days or weeks such as 90d, not ‘{text}’"
        raise errors.Invalid({"expires": [sentence]})
    return timezone.now() + int(match[1]) * UNITS[match[2]]
