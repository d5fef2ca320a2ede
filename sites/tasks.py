"""Scheduled work of this room; safe to run twice at once."""

from django.utils import timezone

from goatapi.celery import app
from sites import delivery, key_warnings


@app.task
def deliver() -> None:
    """Send the mail that waits."""
    delivery.deliver()


@app.task
def forget_failures() -> None:
    """Delete what was given up long ago."""
    delivery.forget_failures()


@app.task
def warn_of_expiring_keys() -> None:
    """Tell people of keys that end within a week, and within a day."""
    key_warnings.warn(now=timezone.now())
