"""What the drain could not store: kept beside the journal, to be looked at, and fed back.

Sound records (hits that the database refuses, records that this version can not read) are kept as a segment
is written. So feeding them back is one rename, and nothing in between can be lost or counted twice. A damaged
range is kept as its bytes.
"""

import logging
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from goatapi.http import metrics
from hits import records
from hits.journal import sync_folder
from hits.segments import Damage, Record, pack, unpack

FOLDER = "quarantine"

log = logging.getLogger("goatapi.drain")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the quarantine: what it holds of `segment`, up to offset `end` there.

    `why` is a word for sound records, and for damage the offset where it begins.
    """

    path: Path
    segment: str
    why: str
    end: int
    content: bytes

    def payloads(self) -> list[bytes]:
        """Its records, if it is all records that were never counted; none otherwise."""
        if self.why.isdigit():
            return []
        items = list(unpack(self.content))
        whole = bool(items) and items[-1].end == len(self.content)
        return [item.payload for item in items if isinstance(item, Record)] if whole else []

    def hits(self) -> int:
        """Pageviews in it; 0 where that can not be known."""
        return sum(map(_hits_in, self.payloads()))


class Quarantine:
    """The folder below the journal `folder`, as far as it is of the host named `host`."""

    def __init__(self, folder: Path, *, host: str) -> None:
        self._journal = folder
        self._host = host
        self.folder = folder / FOLDER

    def keep_damage(self, segment: str, damage: Damage, content: bytes) -> Path:
        """Keep the bytes of a damaged range."""
        kept = self._keep(f"{segment}.{damage.start}-{damage.end}", content)
        metrics.JOURNAL_DAMAGE.inc()  # once it is kept: what fails is tried again
        return kept

    def keep_record(self, segment: str, end: int, payload: bytes, *, why: str) -> Path:
        """Keep a sound record that ends at `end`, or what of it is not stored; `why` in a word."""
        return self._keep(f"{segment}.{why}-{end}", pack(payload))

    def files(self) -> list[Kept]:
        """All of it, oldest names first. What is removed meanwhile is left out."""
        found = (_read(path) for path in sorted(self.folder.glob(f"{self._host}.*.seg.*-*")))
        return [kept for kept in found if kept]

    def size(self) -> tuple[int, int]:
        """Files and bytes, without reading them."""
        sizes = [path.stat().st_size for path in self.folder.glob(f"{self._host}.*")]
        return len(sizes), sum(sizes)

    def is_settled(self, kept: Kept, positions: Mapping[str, int]) -> bool:
        """Whether the drain has moved past it for good, so that it is nowhere else any more.

        `positions` must not have been read before `kept` was.
        """
        gone = not (self._journal / kept.segment).exists()
        return gone or positions.get(kept.segment, 0) >= kept.end

    def forget_unsettled(self, positions: Mapping[str, int]) -> None:
        """Drop what a step has put here that never came to be stored: its records are read again."""
        for kept in self.files():
            if not self.is_settled(kept, positions):
                kept.path.unlink(missing_ok=True)

    def feed_back(self, kept: Kept) -> None:
        """Make a segment of it, which the drain takes like any other. Only for what `is_settled`."""
        name = f"{self._host}.{int(time.time()):010x}{secrets.token_hex(5)}.00000001.seg"
        kept.path.rename(self._journal / name)
        sync_folder(self._journal)
        sync_folder(self.folder)

    def _keep(self, name: str, content: bytes) -> Path:
        """On the disk when this returns: its segment will be gone before the system writes it by itself."""
        self.folder.mkdir(exist_ok=True)
        target = self.folder / name
        with open(target, "wb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.folder)
        log.error("%d damaged or refused bytes are kept in quarantine as %s", len(content), name)
        return target


def _private(path: str, flags: int) -> int:
    """As the segments are: what is kept here is as much the visitors' as what is there."""
    return os.open(path, flags, 0o600)


def _read(path: Path) -> Kept | None:
    name, _, rest = path.name.rpartition(".seg.")
    why, _, end = rest.rpartition("-")
    try:
        return Kept(path, f"{name}.seg", why, int(end), path.read_bytes())
    except (ValueError, FileNotFoundError):  # a file of somebody else's, or fed back this moment
        return None


def _hits_in(payload: bytes) -> int:
    try:
        return len(records.decode(payload).hits)
    except msgspec.DecodeError:
        return 0
