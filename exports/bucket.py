"""Export files in an S3-compatible bucket.

A file is built in a local folder, then uploaded whole. For downloads it is fetched once into the same folder and
leaves from there as a file: what Python streams knows no backpressure (docs/decisions/0001-server-model.md).
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from exports.files import Beat
from exports.folder import Folder
from exports.models import Format
from goatapi.errors import Unavailable

PART = 8 << 20
"""Bytes of one part of an upload: what is in memory at a time, and what goes between two beats."""

CHUNK = 1 << 20
CACHE_MAX = 4 << 30
"""Bytes of local copies on one host."""

IN_USE_SECONDS = 600.0
"""A copy asked for so lately may still be on its way out; it is not deleted to make room."""

IDLE_SECONDS = 3600.0
"""How long a copy is kept that nobody asks for."""

WAITING = threading.BoundedSemaphore(2)
"""Half of the web server's threads may wait for a bucket; the others go on with everything else."""

NOT_THERE = {"404", "NoSuchKey", "NotFound"}
LATER = "the export storage does not answer; please try again"


class BucketStorage(S3Storage):  # type: ignore[misc]  # publishes no types
    """django-storages' storage, with what exports need: part by part in the caller's own thread."""

    def get_default_settings(self) -> dict[str, Any]:
        """Checksums only where they are asked for: not every compatible server knows those of today."""
        given: dict[str, Any] = super().get_default_settings()
        return given | {
            "client_config": Config(
                s3={"addressing_style": "path"},
                signature_version="s3v4",
                connect_timeout=5,
                read_timeout=30,
                retries={"max_attempts": 3, "mode": "standard"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            "transfer_config": TransferConfig(
                multipart_threshold=PART, multipart_chunksize=PART, use_threads=False
            ),
            "default_acl": None,
            "file_overwrite": True,
        }

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """Else a name in .csv.gz would be stored as text/csv with a Content-Encoding."""
        given: dict[str, Any] = super().get_object_parameters(name)
        kind = next((kind for kind in Format if name.endswith(kind.suffix)), Format.CSV)
        return given | {"ContentType": kind.content_type}


class BeatingFile(File):  # type: ignore[type-arg]  # generic only in its stubs
    """A file that tells of every part that is read from it."""

    def __init__(self, file: IO[bytes], beat: Beat) -> None:
        super().__init__(file)
        self._beat = beat

    def read(self, size: int = -1) -> bytes:
        """The next part."""
        self._beat()
        data: bytes = self.file.read(size)  # type: ignore[union-attr]  # never closed here
        return data


class BucketShelf:
    """Keeps `exports.files.Shelf`."""

    def __init__(self, storage: BucketStorage, work: Folder) -> None:
        self._storage, self.work = storage, work

    def keep(self, key: str, beat: Beat) -> None:
        """Upload it; the local file stays, as a copy for downloads from this host."""
        with self.work.unfinished(key).open("rb") as file:
            self._storage.save(key, BeatingFile(file, beat))
        self.work.finish(key)

    def fetch(self, key: str, size: int) -> Path:
        """The local copy, fetched if it is not there: once, whoever else is asking."""
        path = self.work.path(key)
        if not path.is_file():
            with _patience(), _locked(self.work.unfinished(key)) as file:
                if not path.is_file():
                    self._download(key, file, size)
        os.utime(path)
        return path

    def drop(self, key: str) -> None:
        """There and here."""
        self._object(key).delete()
        self.work.drop(key)

    def remove(self, place: str) -> None:
        """There and here; copies on other hosts go when nobody has asked for them for an hour."""
        self._delete(f"{place}/", keep="")
        self.work.remove(place)

    def keep_only(self, place: str, name: str) -> None:
        """There and here."""
        self._delete(f"{place}/", keep=f"{place}/{name}")
        self.work.keep_only(place, name)

    def places(self) -> Iterator[tuple[int, int]]:
        """By the keys there, and by what lies here."""
        found = set(self.work.places())
        for key in self._keys(""):
            site, _, rest = key.partition("/")
            export = rest.partition("/")[0]
            if site.isdigit() and export.isdigit():
                found.add((int(site), int(export)))
        return iter(sorted(found))

    def size_of(self, key: str) -> int | None:
        """Bytes of the object there; None where there is none."""
        try:
            return int(self._object(key).content_length)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in NOT_THERE:
                return None
            raise

    def touched(self, place: str) -> float:
        """There or here, whichever was later."""
        bucket = self._storage.connection.Bucket(self._storage.bucket_name)
        there = bucket.objects.filter(Prefix=f"{self._base}{place}/")
        times = [found.last_modified.timestamp() for found in there]
        return float(max([*times, self.work.touched(place)]))

    def clean(self) -> None:
        """Copies that nobody asks for, and what broken-off work has left."""
        for used_at, _, path in self._copies(unfinished=True):
            if time.time() - used_at > IDLE_SECONDS:
                path.unlink(missing_ok=True)
                with suppress(OSError):  # not empty
                    path.parent.rmdir()

    def _download(self, key: str, file: IO[bytes], size: int) -> None:
        self._make_room(size)
        file.truncate(0)  # an earlier attempt may have left a part
        try:
            body = self._object(key).get()["Body"]
            for chunk in body.iter_chunks(CHUNK):
                file.write(chunk)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in NOT_THERE:
                raise FileNotFoundError(key) from None
            raise Unavailable(LATER, retry_after=5) from error
        except (BotoCoreError, OSError) as error:
            raise Unavailable(LATER, retry_after=5) from error
        file.flush()
        if file.tell() != size:
            raise Unavailable(LATER, retry_after=5)
        self.work.finish(key)

    def _make_room(self, size: int) -> None:
        """Delete the copies longest unused. Errors: `Unavailable` when all are in use."""
        copies = sorted(self._copies())
        total = sum(bytes_ for _, bytes_, _ in copies)
        for used_at, bytes_, path in copies:
            if total + size <= CACHE_MAX:
                return
            if time.time() - used_at < IN_USE_SECONDS:
                raise Unavailable("too many downloads at once; please try again", retry_after=60)
            path.unlink(missing_ok=True)
            total -= bytes_

    def _copies(self, *, unfinished: bool = False) -> Iterator[tuple[float, int, Path]]:
        for path in self.work.files():
            if unfinished or not path.name.startswith("."):
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    yield stat.st_mtime, stat.st_size, path

    def _delete(self, prefix: str, *, keep: str) -> None:
        for key in self._keys(prefix):
            if key != keep:
                self._object(key).delete()

    def _keys(self, prefix: str) -> Iterator[str]:
        """Keys that begin with `prefix`, as they are known here: without the storage's own folder."""
        bucket = self._storage.connection.Bucket(self._storage.bucket_name)
        for found in bucket.objects.filter(Prefix=self._base + prefix):
            yield found.key.removeprefix(self._base)

    def _object(self, key: str) -> Any:
        """By this thread's own connection, which the storage's `bucket` would not be."""
        return self._storage.connection.Object(self._storage.bucket_name, self._base + key)

    @property
    def _base(self) -> str:
        return f"{self._storage.location}/" if self._storage.location else ""


@contextmanager
def _patience() -> Iterator[None]:
    """One of the few places for those who wait. Errors: `Unavailable`."""
    if not WAITING.acquire(blocking=False):
        raise Unavailable("too many downloads at once; please try again", retry_after=2)
    try:
        yield
    finally:
        WAITING.release()


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file, open for adding to it, with nobody else at it; it is renamed when it is whole."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
