"""The app of the room."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Operations; its one table holds what all hosts have to have in common."""

    name = "ops"
