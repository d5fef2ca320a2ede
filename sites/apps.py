"""The room as a Django app."""

from django.apps import AppConfig


class SitesConfig(AppConfig):
    """Its label is `sites`, which is why django.contrib.sites can never be installed here."""

    name = "sites"
