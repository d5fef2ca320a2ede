"""Scheduled work of this room; safe to run twice at once."""

from django.utils import timezone

from goatapi.celery import app
from sites import delivery, key_warnings, sign_up


@app.task
def deliver() -> None:
    """Send the mail that waits."""
    delivery.deliver()


@app.task
def forget() -> None:
    """Delete mail that was given up long ago, and wishes for accounts that nobody has confirmed."""
    delivery.forget_failures()
    sign_up.forget_over()


@app.task
def warn_of_expiring_keys() -> None:
    """Tell people of keys that end within a week, and within a day."""
    key_warnings.warn(now=timezone.now())
