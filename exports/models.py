"""An export and the states it goes through: queued → running → done | failed; done → expired.

A running export is held by a lease: a worker that lets it lapse has lost it to the next one.
"""

from django.db import models
from django.db.models import Q

from sites.models import ApiKey, Site, User


class State(models.TextChoices):
    """Where an export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


class Format(models.TextChoices):
    """What the file holds. Lines are gzipped, Parquet compresses by itself."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"

    @property
    def suffix(self) -> str:
        """The end of the file's name."""
        return ".parquet" if self is Format.PARQUET else f".{self.value}.gz"

    @property
    def content_type(self) -> str:
        """What the file is downloaded as."""
        return "application/vnd.apache.parquet" if self is Format.PARQUET else "application/gzip"


class Export(models.Model):
    """One export of one site. Times are aware, sizes in bytes, ids those of the site's hits.

    `owner` names the one claim that holds a running export. `lease_until` is when that ends; for
    a queued export, when it may be tried again. `stored_as` is the file of a finished one: the
    claim that wrote it is part of the name, so no two claims ever write to the same file.

    A running export has looked at every hit after its cursor up to `reached_hit_id`, and will up to
    `upto_hit_id`. Who asked for it is a person on the page (`user`) or a key by the API (`api_key`); neither is
    known of old ones, and of those whose asker is gone. `mail`: whether that person wishes to be told of its end.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="exports")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, related_name="+")
    mail = models.BooleanField(default=False)
    format = models.CharField(max_length=16)
    start_from_hit_id = models.BigIntegerField(null=True)
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    upto_hit_id = models.BigIntegerField(null=True)
    reached_hit_id = models.BigIntegerField(null=True)
    last_hit_id = models.BigIntegerField(null=True)
    num_rows = models.BigIntegerField(null=True)
    size_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, default="")
    error = models.CharField(max_length=500, default="")
    file_name = models.CharField(max_length=200)
    stored_as = models.CharField(max_length=250, default="")
    owner = models.CharField(max_length=200, default="")
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(fields=["site", "-id"], name="exports_by_site"),
            models.Index(fields=["state", "lease_until"], name="exports_by_state"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["site"],
                condition=Q(state=State.RUNNING.value),
                name="one_running_export_a_site",
            ),
        )

    def __str__(self) -> str:
        return f"export {self.pk} of site {self.site_id}"


class Host(models.Model):
    """A host that serves or builds exports, by the id in its data folder, and where it keeps the files."""

    host_id = models.CharField(max_length=36, primary_key=True)
    name = models.CharField(max_length=255)
    shared = models.BooleanField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} ({self.host_id})"
