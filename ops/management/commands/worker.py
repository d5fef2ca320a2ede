"""`manage.py worker`: Celery worker and schedule in one process.

With REDIS_URL it is an ordinary worker (prefork) with the schedule beside it. Without, messages
live in this process's memory: it looks for waiting exports and mail itself, several times a second,
and runs the same tasks.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from typing import Any

from celery import beat
from celery.exceptions import SecurityWarning
from celery.signals import worker_ready
from celery.worker import state
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from exports import hosts, queries, services, tasks
from goatapi import priority
from goatapi.celery import app
from goatapi.collector import calm
from sites import delivery

LOOK_SECONDS = 0.3
SWITCH_SECONDS = 0.0005
"""How long a thread waits for the interpreter lock before it asks for it. At Python's own 5 ms the threads of an
export (one reads, one shapes, one compresses) wait for each other (docs/performance.md has the figures)."""
MAIL_SECONDS = 1.0
AGAIN_SECONDS = 20.0
BEAT_AGAIN_SECONDS = 5.0

log = logging.getLogger("goatapi.worker")


class Command(BaseCommand):
    """Runs until SIGTERM."""

    help = "Build exports and run the schedule until stopped."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own declaration; `make check` does them

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve the queue."""
        priority.stand_back(priority.EXPORTS)
        embedded = not settings.ENVIRONMENT.redis_url
        logging.getLogger("celery.beat").setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", category=SecurityWarning)  # of pickles, which are refused
        if embedded:
            # What kombu says of brokers means nothing where all of it is one small process.
            logging.getLogger("kombu.connection").setLevel(logging.ERROR)
            worker_ready.connect(_leave_soon)
            services.release_all(owner_prefix=hosts.owner_prefix())
            threading.Thread(target=look_for_exports, name="bell", daemon=True).start()
            threading.Thread(target=deliver_mail, name="mail", daemon=True).start()
        threading.Thread(target=keep_schedule, name="beat", daemon=True).start()
        worker = app.Worker(
            pool="solo" if embedded else "prefork",
            concurrency=1 if embedded else 2,
            hostname=f"goatapi-{os.getpid()}@{socket.gethostname()}",
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        calm()
        sys.setswitchinterval(SWITCH_SECONDS)
        worker.start()


def _leave_soon(**_: Any) -> None:
    """In place of Celery's own handlers, which print, and take four seconds for an idle worker."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=_leave, daemon=True).start())


def _leave() -> None:
    """Ends the process once its task has ended, which a running export does at the next batch of rows.

    Nothing needs to be tidied up: what a killed worker leaves behind is taken up at the next start.
    """
    state.should_stop = 0  # type: ignore[assignment]  # the stubs know only its first value
    while state.active_requests:
        time.sleep(0.01)
    os._exit(0)


def keep_schedule() -> None:
    """Celery's beat, in a thread that nothing ends: without it nobody would ring for what was left."""
    while True:
        try:
            beat.Service(app, scheduler_cls=beat.Scheduler).start(embedded_process=True)
        except Exception:
            log.exception("the schedule is begun anew")
        time.sleep(BEAT_AGAIN_SECONDS)


def look_for_exports() -> None:
    """Ring for queued exports; for one that goes on waiting, again after a while."""
    rung: dict[int, float] = {}
    while True:
        try:
            rung = _ring(rung, time.monotonic())
        except Exception:
            log.exception("waiting exports could not be looked up")
        time.sleep(LOOK_SECONDS)


def deliver_mail() -> None:
    """Send mail here: the one process of the worker may be busy with an export for minutes."""
    while True:
        try:
            delivery.deliver()
        except Exception:
            log.exception("mail could not be looked up")
        time.sleep(MAIL_SECONDS)


def _ring(rung: dict[int, float], now: float) -> dict[int, float]:
    waiting = set(queries.claimable(now=timezone.now()).values_list("pk", flat=True))
    rung = {key: at for key, at in rung.items() if key in waiting and now - at < AGAIN_SECONDS}
    for export_id in waiting - rung.keys():
        tasks.build.delay(export_id)
        rung[export_id] = now
    return rung
