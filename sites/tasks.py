"""Scheduled work of this room; safe to run twice at once."""

from goatapi.celery import app
from sites import delivery


@app.task
def deliver() -> None:
    """Send the mail that waits."""
    delivery.deliver()


@app.task
def forget_failures() -> None:
    """Delete what was given up long ago."""
    delivery.forget_failures()
