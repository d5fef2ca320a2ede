"""Celery tasks: they carry ids and ring one bell; all of them are safe to run twice."""

import os
import socket

from celery.worker import state
from django.utils import timezone

from exports import queries, services
from exports.hosts import owner_prefix
from goatapi.celery import app

RING_SECONDS = 60.0
"""Much longer than between two sweeps: the clocks of hosts differ."""


@app.task
def build(export_id: int) -> None:
    """Build one export, if nobody else has it."""
    owner = f"{owner_prefix()}{socket.gethostname()}/{os.getpid()}"
    services.build_export(export_id, owner=owner, stopping=_stopping)


def _stopping() -> bool:
    """Whether this worker was told to leave. Embedded only: a prefork child is never told, only waited for."""
    return state.should_stop is not None and state.should_stop is not False


@app.task
def sweep() -> None:
    """Ring for every export that waits or whose worker has died; again and again, so rings expire."""
    for export_id in queries.claimable(now=timezone.now()).values_list("pk", flat=True):
        build.apply_async((export_id,), expires=RING_SECONDS)


@app.task
def expire() -> None:
    """Delete what was kept long enough."""
    services.expire(now=timezone.now())
