"""The Celery application must exist before the first task is sent."""

from django.apps import AppConfig


class GoatapiConfig(AppConfig):
    """The composition root as a Django app, for its start-up alone."""

    name = "goatapi"

    def ready(self) -> None:
        from goatapi import celery  # noqa: F401, PLC0415  # importing makes it Celery's current app
