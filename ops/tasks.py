"""Scheduled upkeep."""

import time
from importlib import import_module

from django.conf import settings

from goatapi.celery import app
from storage.registry import storage


@app.task
def purge_short_lived() -> None:
    """Forget ids and sessions that nothing can refer to any more."""
    storage().ledger.purge_short_lived(now=int(time.time()))


@app.task
def clear_sessions() -> None:
    """Drop the sessions of people that have expired."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
