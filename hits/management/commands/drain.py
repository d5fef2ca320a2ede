"""`manage.py drain`: the background process that turns the journal into rows. One per host."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from goatapi import priority
from goatapi.collector import calm
from goatapi.env import host_id
from goatapi.http import metrics
from hits.backlog import Backlog
from hits.drain import Drain
from hits.figures import DrainFigures
from hits.intake import Intake
from sites.directory import directory
from storage.registry import storage


class Command(BaseCommand):
    """Runs until SIGTERM."""

    help = "Drain this host's journal into the database until stopped."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own declaration; `make check` does them

    def handle(self, *args: Any, **options: Any) -> None:
        """Errors: `CommandError` when another drain of this host runs."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        folder, host = (
            settings.ENVIRONMENT.data_dir / "journal",
            host_id(settings.ENVIRONMENT.data_dir),
        )
        backlog = Backlog(folder, host=host)
        if not claimed(backlog, stop):
            raise CommandError("another drain of this host is running")
        priority.stand_back(priority.DRAIN)
        intake = Intake(storage().ledger, directory().by_id, host=host)
        drain = Drain(backlog, intake)
        metrics.serve(
            "drain", settings.ENVIRONMENT.metrics_port, DrainFigures(backlog, drain.positions)
        )
        calm()
        drain.run(stop)


def claimed(backlog: Backlog, stop: threading.Event) -> bool:
    """Whether this is the one drain now. The one of a killed supervisor, just leaving, is waited for."""
    for _ in range(50):
        if backlog.claim():
            return True
        if stop.wait(0.1):
            break
    return False
