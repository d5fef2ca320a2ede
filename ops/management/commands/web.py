"""`manage.py web`: the web server. Options and their reasons: docs/decisions/0001-server-model.md."""

import resource
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from goatapi import eager
from goatapi.address import taken
from goatapi.collector import calm

APPLICATION = "goatapi.rsgi"


class Command(BaseCommand):
    """Runs until SIGTERM."""

    help = "Serve HTTP on HOST:PORT until stopped."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own declaration; `make check` does them

    def handle(self, *args: Any, **options: Any) -> None:
        """Errors: `CommandError` when the address is taken."""
        host, port = settings.ENVIRONMENT.host, settings.ENVIRONMENT.port
        if reason := taken(host, port):
            raise CommandError(reason)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        # Before the fork: the processes then share its memory, and one that is started anew is there at once.
        for name in (APPLICATION, settings.ROOT_URLCONF):
            import_module(name)
        calm()
        Granian(
            f"{APPLICATION}:app",
            host,
            port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            loop=eager.NAME,  # type: ignore[arg-type]  # the registry takes any name, its annotation does not
            websockets=False,
            workers=settings.ENVIRONMENT.web_processes,
            backlog=1024,
            backpressure=8192,
            runtime_blocking_threads=4,
            http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=65536),
            respawn_failed_workers=True,
            workers_kill_timeout=1,
            log_level=LogLevels.warning,
        ).serve()
