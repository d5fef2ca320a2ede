"""The room as a Django app: for its management commands."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """It has no models."""

    name = "dashboard"
