"""An export and the states it goes through: queued → running → done | failed; done → expired.

A running export is held by a lease: a worker that lets it lapse has lost it to the next one.
"""

from django.db import models

from sites.models import Site


class State(models.TextChoices):
    """Where an export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


class Export(models.Model):
    """One export of one site. Times are aware, sizes in bytes, ids those of the site's hits."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="exports")
    format = models.CharField(max_length=16)
    start_from_hit_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    upto_hit_id = models.BigIntegerField(null=True)
    last_hit_id = models.BigIntegerField(null=True)
    num_rows = models.BigIntegerField(null=True)
    size_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, default="")
    error = models.CharField(max_length=500, default="")
    file_name = models.CharField(max_length=200)
    owner = models.CharField(max_length=80, default="")
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=["site", "-id"], name="exports_by_site"),
            models.Index(fields=["state", "lease_until"], name="exports_by_state"),
        )

    def __str__(self) -> str:
        return f"export {self.pk} of site {self.site_id}"
