"""Where export files lie: below the exports storage, a folder for each site and export.

A file gets its name only when it is whole: it is written beside it, synced and renamed.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from django.core.files.storage import FileSystemStorage, storages


class DigestingFile:
    """A binary file that knows the SHA-256 and the number of what was written to it."""

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

    def flush(self) -> None:
        """Push to the system."""
        self._file.flush()

    def hexdigest(self) -> str:
        """64 hex digits."""
        return self._digest.hexdigest()


def path_of(*, site_id: int, export_id: int, name: str) -> Path:
    """The export's file, whether it is there or not."""
    return _folder(site_id, export_id) / Path(name).name


@contextmanager
def writing(*, site_id: int, export_id: int, name: str) -> Iterator[DigestingFile]:
    """A file that appears under its name when the block ends well, and not at all otherwise."""
    target = path_of(site_id=site_id, export_id=export_id, name=name)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield DigestingFile(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def remove(*, site_id: int, export_id: int) -> None:
    """Delete what lies there of an export."""
    shutil.rmtree(_folder(site_id, export_id), ignore_errors=True)


def kept() -> Iterator[tuple[int, int]]:
    """(site id, export id) of every export that has a folder."""
    for folder in _root().glob("*/*"):
        if folder.name.isdigit() and folder.parent.name.isdigit():
            yield int(folder.parent.name), int(folder.name)


def _folder(site_id: int, export_id: int) -> Path:
    return _root() / str(site_id) / str(export_id)


def _root() -> Path:
    return Path(cast(FileSystemStorage, storages["exports"]).location)
