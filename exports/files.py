"""Where export files are: in a folder, or in a bucket with a folder beside it for work and downloads.

Nothing here is visible to a client by being here: an export's row names its file, once it is whole.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages

from exports.folder import Folder
from exports.models import Export

Beat = Callable[[], None]
"""Called now and then in what may take long; whatever it raises stops the work."""


log = logging.getLogger("goatapi.exports")


class Shelf(Protocol):
    """A storage for whole files by their key, and the local folder in which they are made."""

    work: Folder

    def keep(self, key: str, beat: Beat) -> None:
        """Take over the finished file that was written in `work`."""

    def fetch(self, key: str, size: int) -> Path:
        """A local file with all of it. Errors: `FileNotFoundError`, `Unavailable`."""

    def drop(self, key: str) -> None:
        """Delete one file."""

    def remove(self, place: str) -> None:
        """Delete all of an export."""

    def keep_only(self, place: str, name: str) -> None:
        """Delete all of an export but one file."""

    def places(self) -> Iterator[tuple[int, int]]:
        """(site id, export id) of every export that has files."""

    def size_of(self, key: str) -> int | None:
        """Bytes of a whole file; None where there is none."""

    def touched(self, place: str) -> float:
        """When anything of an export was last written, in seconds; 0 where there is nothing."""

    def clean(self) -> None:
        """Delete local copies that nobody has asked for lately."""


class FolderShelf:
    """The work folder is the storage."""

    def __init__(self, work: Folder) -> None:
        self.work = work
        self.drop, self.remove = work.drop, work.remove
        self.keep_only, self.places = work.keep_only, work.places
        self.size_of, self.touched = work.size_of, work.touched

    def keep(self, key: str, beat: Beat) -> None:
        """A rename."""
        del beat
        self.work.finish(key)

    def fetch(self, key: str, size: int) -> Path:
        """The file itself."""
        path = self.work.path(key)
        if not path.is_file():
            raise FileNotFoundError(key)
        return path

    def clean(self) -> None:
        """There are no copies."""


class DigestingFile:
    """A binary file that knows the SHA-256 and the number of what was written to it."""

    closed = False  # pyarrow asks

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Write all of `data`."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        """Where the next byte goes."""
        return self.size

    def flush(self) -> None:
        """Push to the system."""
        self._file.flush()

    def hexdigest(self) -> str:
        """64 hex digits."""
        return self._digest.hexdigest()


def key_of(export: Export, name: str) -> str:
    """The key of an export's file `name`."""
    return f"{_place(export.site_id, export.pk)}/{name}"


@contextmanager
def writing(key: str, *, beat: Beat) -> Iterator[DigestingFile]:
    """A file that is kept under `key` when the block ends well, and not at all otherwise."""
    kept = shelf()
    unfinished = kept.work.unfinished(key)
    try:
        with unfinished.open("wb") as file:
            yield DigestingFile(file)
            file.flush()
            os.fsync(file.fileno())
        kept.keep(key, beat)
    finally:
        unfinished.unlink(missing_ok=True)


def fetch(export: Export) -> Path:
    """The whole file of a finished export, on this host. Errors: `FileNotFoundError`, `Unavailable`."""
    return shelf().fetch(key_of(export, export.stored_as), export.size_bytes or 0)


def drop(key: str) -> None:
    """Delete one file."""
    shelf().drop(key)


def keep_only(export: Export, name: str) -> None:
    """Delete what other claims have left of the export."""
    shelf().keep_only(_place(export.site_id, export.pk), name)


def remove(*, site_id: int, export_id: int) -> None:
    """Delete what lies there of an export."""
    shelf().remove(_place(site_id, export_id))


def remove_soon(*, site_id: int, export_id: int) -> None:
    """The same, but if the storage does not answer, it is left to the next `services.expire`."""
    try:
        remove(site_id=site_id, export_id=export_id)
    except Exception:  # whatever a storage raises
        log.warning("files of export %d could not be removed yet", export_id, exc_info=True)


def kept() -> Iterator[tuple[int, int]]:
    """(site id, export id) of every export that has files."""
    return shelf().places()


def size_of(export: Export) -> int | None:
    """Bytes of a finished export's file; None where it is gone."""
    return shelf().size_of(key_of(export, export.stored_as))


def orphans(*, before: datetime) -> list[tuple[int, int]]:
    """(site id, export id) of what belongs to no row, and has not been touched since then."""
    return [
        (site_id, export_id)
        for site_id, export_id in kept()
        if 0 < shelf().touched(_place(site_id, export_id)) < before.timestamp()
        and not Export.objects.filter(pk=export_id, site_id=site_id).exists()
    ]


def clean() -> None:
    """Delete this host's copies that nobody has asked for lately."""
    shelf().clean()


def shelf() -> Shelf:
    """The one that `EXPORT_STORAGE_URL` names."""
    storage = storages["exports"]
    if isinstance(storage, FileSystemStorage):
        return FolderShelf(Folder(Path(storage.location)))
    from exports.bucket import BucketShelf, BucketStorage  # noqa: PLC0415  # boto3 is large

    assert isinstance(storage, BucketStorage)  # noqa: S101  # goatapi.object_storage knows no other
    return BucketShelf(storage, Folder(settings.ENVIRONMENT.data_dir / "exports-cache"))


def _place(site_id: int, export_id: int) -> str:
    return f"{site_id}/{export_id}"
