"""`manage.py prepare`: bring every database up to date, quickly and quietly when there is nothing to do."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.utils.module_loading import import_string

from exports import hosts
from hits.geo import open_locator
from ops.common import agree_on_key
from storage.registry import storage


class Command(BaseCommand):
    """Migrates all databases, and makes the token for the first account where there is none."""

    help = "Migrate every database of the service."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own declaration; `make check` does them

    def add_arguments(self, parser: CommandParser) -> None:
        """The one option."""
        parser.add_argument(
            "--new-secret-key",
            action="store_true",
            help="from now on this host's secret key is the one that all hosts have to have",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Errors: `CommandError` when a database can not be used, or is not this host's."""
        try:
            migrate()
            wrong = agree_on_key(anew=options["new_secret_key"]) if shared() else ""
            wrong = wrong or hosts.enter()
        except DatabaseError as error:
            reason = " ".join(str(error).split())
            raise CommandError(f"the database can not be used: {reason}") from None
        if wrong:
            raise CommandError(wrong)
        try:
            open_locator(settings.ENVIRONMENT.geoip_db or None)
        except ValueError as error:
            raise CommandError(f"GEOIP_DB can not be used: {error}") from None
        # Leaves the token where the supervisor finds it, or none.
        import_string(settings.INVITATION)()


def shared() -> bool:
    """Whether other hosts may be on the same database."""
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]


def migrate() -> None:
    """Apply what is missing; of hosts that start together one does it, the others wait."""
    for database in settings.DATABASES.values():
        # A pool would try for some seconds and then not know why it failed; a large table takes its time.
        for name in ("pool", "options"):
            database["OPTIONS"].pop(name, None)
    if all(map(is_current, settings.DATABASES)):
        return
    with storage().alone():
        for alias in settings.DATABASES:
            if not is_current(alias):
                call_command("migrate", database=alias, interactive=False, verbosity=0)


def is_current(alias: str) -> bool:
    """Whether all migrations are applied. `migrate` with nothing to do takes four times as long to see it."""
    try:
        call_command("migrate", database=alias, check_unapplied=True, verbosity=0)
    except SystemExit:
        return False
    return True
