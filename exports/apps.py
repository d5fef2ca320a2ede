"""The app of the room."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """Exports."""

    name = "exports"
