"""`manage.py prepare`: bring every database up to date, quickly and quietly when there is nothing to do."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils.module_loading import import_string

from hits.geo import open_locator


class Command(BaseCommand):
    """Migrates all databases, and makes the token for the first account where there is none."""

    help = "Migrate every database of the service."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own declaration; `make check` does them

    def handle(self, *args: Any, **options: Any) -> None:
        """Errors: `CommandError` when a database can not be used."""
        for alias, database in settings.DATABASES.items():
            # A pool would try for ten seconds and then not know why it failed.
            database["OPTIONS"].pop("pool", None)
            try:
                if not is_current(alias):
                    call_command("migrate", database=alias, interactive=False, verbosity=0)
            except DatabaseError as error:
                reason = " ".join(str(error).split())
                raise CommandError(f"the database can not be used: {reason}") from None
        try:
            open_locator(settings.ENVIRONMENT.geoip_db or None)
        except ValueError as error:
            raise CommandError(f"GEOIP_DB can not be used: {error}") from None
        # Leaves the token where the supervisor finds it, or none.
        import_string(settings.INVITATION)()


def is_current(alias: str) -> bool:
    """Whether all migrations are applied. `migrate` with nothing to do takes four times as long to see it."""
    try:
        call_command("migrate", database=alias, check_unapplied=True, verbosity=0)
    except SystemExit:
        return False
    return True
