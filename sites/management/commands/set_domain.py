"""python manage.py set_domain CODE DOMAIN | --remove"""

from typing import Any

from django.core.management.base import CommandParser

from goatapi import errors
from sites import queries, services
from sites.management.refusing import RefusingCommand


class Command(RefusingCommand):
    """Gives a site a domain of its own, or takes it away. Works while the service runs."""

    help = "Have a site reached at a domain of its own too. Its DNS has to lead to this service."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("code", help="the site's code")
        parser.add_argument("domain", nargs="?", default="", help="such as stats.example.com")
        parser.add_argument("--remove", action="store_true", help="back to the code alone")

    def work(self, **options: Any) -> None:
        """Change it and say where the site is now."""
        if bool(options["domain"]) == options["remove"]:
            raise errors.Invalid({"cname": ["give either a domain or --remove"]})
        site = queries.site_by_code(options["code"])
        services.set_domain(site=site, domain=options["domain"])
        self.stdout.write(queries.site_url(site))
