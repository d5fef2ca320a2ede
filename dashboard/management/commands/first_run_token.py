"""python manage.py first_run_token"""

from typing import Any

from dashboard import first_run
from sites.management.refusing import RefusingCommand


class Command(RefusingCommand):
    """Prints what the server prints at its start."""

    help = "Print the token that lets one make the first account in the browser."

    def work(self, **options: Any) -> None:
        """The invitation, or why there is none."""
        del options
        self.stdout.write(
            first_run.invitation() or "There is an account already: no token is needed."
        )
