"""python manage.py set_site CODE [--collect N] [--collect-regions L] [--ignore-ips L] [--allow-counter on|off]"""

from typing import Any

from django.core.management.base import CommandParser

from goatapi import errors
from sites import queries, services
from sites.management.refusing import RefusingCommand


class Command(RefusingCommand):
    """Changes settings of a site. Works while the service runs."""

    help = "Change what a site collects, whom it ignores, and whether it shows its visitor counter."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("code", help="the site's code")
        parser.add_argument("--collect", type=int, help="sum of switches; 446 on a new site")
        parser.add_argument("--collect-regions", help="countries whose regions are kept, as US,DE")
        parser.add_argument(
            "--ignore-ips", help="addresses and networks not counted, as 10.0.0.0/8"
        )
        parser.add_argument("--allow-counter", choices=("on", "off"), help="the visitor counter")

    def work(self, **options: Any) -> None:
        """Change what was given."""
        names = ("collect", "collect_regions", "ignore_ips", "allow_counter")
        changes = {name: options[name] for name in names if options[name] is not None}
        if not changes:
            raise errors.GoatapiError("there is nothing to change: name a setting")
        if "allow_counter" in changes:
            changes["allow_counter"] = changes["allow_counter"] == "on"
        if "collect_regions" in changes:
            changes["collect_regions"] = changes["collect_regions"].upper()
        site = services.change_settings(site=queries.site_by_code(options["code"]), **changes)
        told = ", ".join(f"{name} = {getattr(site, name)}" for name in changes)
        self.stdout.write(f"{site.code}: {told}")
