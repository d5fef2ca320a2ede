"""The app of the room."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Operations."""

    name = "ops"
