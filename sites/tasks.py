"""Scheduled work of this room; safe to run twice at once."""

from django.utils import timezone

from goatapi.celery import app
from sites import audit, delivery, key_warnings, sign_up


@app.task
def deliver() -> None:
    """Send the mail that waits."""
    delivery.deliver()


@app.task
def forget() -> None:
    """Delete mail given up long ago, wishes that nobody has confirmed, old events of the audit log."""
    delivery.forget_failures()
    audit.purge(now=timezone.now())
    sign_up.forget_over()


@app.task
def warn_of_expiring_keys() -> None:
    """Tell people of keys that end within a week, and within a day."""
    key_warnings.warn(now=timezone.now())
