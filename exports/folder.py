"""A folder of export files: below it a folder for each site, in that one for each export.

A file gets its name only when it is whole: it is written beside it, synced and renamed.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


class Folder:
    """The layout. A key is `SITE/EXPORT/NAME`, a place `SITE/EXPORT`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """The whole file, whether it is there or not."""
        return self.root / key

    def unfinished(self, key: str) -> Path:
        """Where the file is to be while it grows; its folder is there."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path.with_name(f".{path.name}")

    def finish(self, key: str) -> None:
        """The file, written and synced, appears under its name."""
        path = self.path(key)
        self.unfinished(key).replace(path)
        _sync(path.parent)

    def drop(self, key: str) -> None:
        """Delete one file, whole or not."""
        for path in (self.path(key), self.unfinished(key)):
            path.unlink(missing_ok=True)

    def remove(self, place: str) -> None:
        """Delete all of an export."""
        shutil.rmtree(self.root / place, ignore_errors=True)

    def keep_only(self, place: str, name: str) -> None:
        """Delete what other claims have left of an export."""
        with suppress(FileNotFoundError):
            for path in (self.root / place).iterdir():
                if path.name != name:
                    path.unlink(missing_ok=True)

    def size_of(self, key: str) -> int | None:
        """Bytes of a whole file; None where there is none."""
        path = self.path(key)
        return path.stat().st_size if path.is_file() else None

    def touched(self, place: str) -> float:
        """When anything of an export was last written, in seconds; 0 where there is nothing."""
        paths = [self.root / place, *(self.root / place).glob("*")]
        return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)

    def places(self) -> Iterator[tuple[int, int]]:
        """(site id, export id) of every export that has a folder."""
        for folder in self.root.glob("*/*"):
            if folder.name.isdigit() and folder.parent.name.isdigit():
                yield int(folder.parent.name), int(folder.name)

    def files(self) -> Iterator[Path]:
        """All files, unfinished ones too."""
        return (path for path in self.root.glob("*/*/*") if path.is_file())


def _sync(folder: Path) -> None:
    """Make a rename survive power loss; not every file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
