"""python manage.py create_site CODE --email E [--password P] [--link-domain D]"""

from typing import Any

from django.core.management.base import CommandParser

from sites import queries, services
from sites.management.refusing import RefusingCommand


class Command(RefusingCommand):
    """Makes a new account with one site. Works while the service runs."""

    help = "Make a site: a new account, owned by the person with this e-mail."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("code", help="name in the site's address: CODE.your-domain")
        parser.add_argument("--email", required=True, help="the owner's e-mail")
        parser.add_argument("--password", help="for a new owner; without it they must reset first")
        parser.add_argument("--link-domain", default="", help="domain of the website itself")

    def work(self, **options: Any) -> None:
        """Make it and say what was made."""
        known = queries.user_by_email(options["email"]) is not None
        site = services.create_site(
            code=options["code"],
            email=options["email"],
            password=options["password"],
            link_domain=options["link_domain"],
            vouched=True,
        )
        self.stdout.write(f"Made the site {site.code} (id {site.pk}), owned by {options['email']}.")
        self.stdout.write(_about_password(known=known, given=bool(options["password"])))
        self.stdout.write(queries.site_url(site))


def _about_password(*, known: bool, given: bool) -> str:
    if known:
        return "The owner was known already; their password is unchanged."
    if given:
        return "The owner can sign in with the password given."
    return "The owner has no password yet and can not sign in until it is reset."
