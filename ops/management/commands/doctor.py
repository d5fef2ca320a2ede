"""`manage.py doctor`: whether all that was counted is there, in order. Exit code 0 fine, 1 warnings, 2 damage."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ops import checks
from ops.doctor import Finding, Level, examine, verdict
from ops.mending import MENDING


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
        mended = [line for name in options["mend"] for line in mend(name)]
        found = examine(checks.database, checks.LOCAL, checks.STORED)
        level = verdict(found)
        say = _as_json if options["json"] else _as_text
        self.stdout.write(say(mended, found, level))
        sys.exit(level)


def mend(name: str) -> Iterator[str]:
    """What was done, line by line; that it could not be done is a line too, and the checks say why."""
    try:
        yield from MENDING[name]()
    except Exception as error:  # noqa: BLE001  # as in `ops.doctor.attempt`
        yield f"{name} could not be mended: {' '.join(str(error).split())}"


def _as_json(mended: list[str], found: list[Finding], level: Level) -> str:
    return json.dumps(
        {
            "status": level.name.lower(),
            "mended": mended,
            "findings": [finding.as_json() for finding in found],
        },
        indent=2,
    )


def _as_text(mended: list[str], found: list[Finding], level: Level) -> str:
    del level
    return "\n".join([*mended, *(finding.as_text() for finding in found)] or ["all is well"])
