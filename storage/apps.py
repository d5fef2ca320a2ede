"""The app of this room; it has tables and migrations, and no Django models."""

from django.apps import AppConfig


class StorageConfig(AppConfig):
    """`storage`, whose tables live where `storage.router` says."""

    name = "storage"
