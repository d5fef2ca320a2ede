"""`manage.py doctor`: whether all that was counted is there, in order. Exit code 0 fine, 1 warnings, 2 damage."""

import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ops import checks
from ops.doctor import as_json, as_text, examine, verdict
from ops.mending import MENDING, one_at_a_time


class Command(BaseCommand):
    """Looks at this host and its database; changes nothing unless it is told to mend."""

    help = "Check this host and its database, and say what is wrong and how to mend it."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own declaration; `make check` does them

    def add_arguments(self, parser: CommandParser) -> None:
        """What to mend, and how to say it."""
        parser.add_argument("--json", action="store_true", help="one JSON object, for monitors")
        parser.add_argument(
            "--mend",
            action="append",
            choices=sorted(MENDING),
            default=[],
            help="mend this first; may be given several times",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ends with the exit code."""
        mended = mend(options["mend"])
        found = examine(checks.database, checks.LOCAL, checks.STORED)
        say = as_json if options["json"] else as_text
        self.stdout.write(say(mended, found))
        sys.exit(verdict(found))


def mend(names: list[str]) -> list[str]:
    """What was done, line by line."""
    if not names:
        return []
    with one_at_a_time():
        return [line for name in names for line in _attempt(name)]


def _attempt(name: str) -> Iterator[str]:
    """That it could not be done is a line too, and the checks say why."""
    try:
        yield from MENDING[name]()
    except Exception as error:  # noqa: BLE001  # as in `ops.doctor.attempt`
        yield f"{name} could not be mended: {' '.join(str(error).split())}"
