"""What all hosts on one database have to have in common."""

from django.db import models


class Common(models.Model):
    """A named value that the first host has brought, and every other one is held against."""

    name = models.CharField(max_length=50, primary_key=True)
    value = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name
