"""The sides of a comparison. One is here: a GoatCounter that is already up. Ours is in `bench.ours`."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import procs
from bench.wire import Server

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 60.0
PATIENCE = 900.0
"""How long rows may take to be in the database, in seconds."""


class Declined(Exception):
    """An export that the server does not make."""


class Side:
    """One server under test: its address, key and Host, and what it costs."""

    pixels = 0
    pause = 0.2
    """Seconds between two questions how far it is."""

    def __init__(self, name: str, url: str, token: str = "", host: str = "") -> None:
        self.name, self.url, self.token, self.host = name, url, token, host

    def headers(self) -> dict[str, str]:
        """Of an API request."""
        host = {"Host": self.host} if self.host else {}
        return {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            **host,
        }

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """An API call's answer, decoded; bytes for a download."""
        return Server(self.name, self.url, self.token, self.host).api(method, path, body)

    def web(self) -> set[int]:
        """The processes that answer HTTP."""
        raise NotImplementedError

    def tree(self) -> set[int]:
        """All processes, the database's included as far as they can be seen."""
        raise NotImplementedError

    def counted(self) -> int:
        """How far it has stored, rollups included: rows here, visits at the peer."""
        raise NotImplementedError

    def pss(self) -> int:
        """Bytes of all of it."""
        return procs.pss(self.tree())

    def export(self, **asked: Any) -> dict[str, Any]:
        """Ask for an export and wait until it is finished. Errors: `Declined`."""
        export: dict[str, Any] = self.api("POST", "/export", asked)
        if "id" not in export:
            raise Declined(str(export))
        while export.get("finished_at") is None:
            time.sleep(0.05)
            export = self.api("GET", f"/export/{export['id']}")
        if export.get("error"):
            raise RuntimeError(f"{self.name}: {export['error']}")
        return export


class Peer(Side):
    """A GoatCounter. Its processes are seen if it runs on this machine; `roots` are further ones of it."""

    def __init__(self, url: str, token: str, host: str, roots: tuple[int, ...] = ()) -> None:
        super().__init__("peer", url, token, host)
        port = int(url.rpartition(":")[2].strip("/"))
        self._main, self._roots = procs.listener(port), roots
        self.since = datetime.combine(datetime.now(UTC), datetime.min.time(), UTC)

    def web(self) -> set[int]:
        """See the base."""
        return {self._main} if self._main else set()

    def tree(self) -> set[int]:
        """See the base."""
        return procs.family(self._main, *self._roots) if self._main else set()

    def counted(self) -> int:
        """The visits since `since` that its statistics know: a long span costs it too much to be asked often."""
        span = {"start": self.since.isoformat(), "end": f"{datetime.now(UTC):%Y-%m-%dT23:59:59Z}"}
        return int(self.api("GET", f"/stats/total?{urlencode(span)}")["total"])

    def file_size(self) -> int:
        """Bytes of its SQLite files; 0 when they can not be seen."""
        files = {name for name in procs.open_files(self._main) if ".sqlite3" in name}
        return sum(Path(name).stat().st_size for name in files if Path(name).exists())


def drained(side: Side, expected: int) -> float:
    """Wait until `side` has counted this much; gives the monotonic time at which it was there.

    A side that has lost some never gets there: then it is the time of the last change.
    """
    last, since = side.counted(), time.monotonic()
    deadline = since + PATIENCE
    while last < expected and time.monotonic() < min(deadline, since + QUIET):
        time.sleep(side.pause)
        if (count := side.counted()) != last:
            last, since = count, time.monotonic()
    return since


QUIET = 25.0
"""Seconds without a change after which nothing more is waited for: a GoatCounter stores every ten."""
