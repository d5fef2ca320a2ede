"""The service on either database and in either journal mode, each of its processes there to be killed."""

import itertools
import re
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from tests.live.hosts import Hosts
from tests.live.server import LiveServer, LiveSite, all_pids, parent_of, send, wait_until
from tests.postgres import PrivatePostgres

TREE = "tree"
"""All processes of the service at once, as when its machine is switched off and on."""


class Kind(NamedTuple):
    """Which service it is."""

    database: str
    mode: str

    def __str__(self) -> str:
        return f"{self.database}, {self.mode}"


KINDS = tuple(
    itertools.starmap(Kind, itertools.product(("SQLite", "PostgreSQL+Redis"), ("write", "fsync")))
)


SQLITE, POSTGRESQL = Kind("SQLite", "write"), Kind("PostgreSQL+Redis", "write")


class Service:
    """One running service with one site, for as long as the block lasts. Not for use by several threads.

    `options` are PostgreSQL's, for each connection of the service.
    """

    def __init__(
        self, kind: Kind, folder: Path | None = None, *, options: str = "", **environment: str
    ) -> None:
        self.kind = kind
        self._options = options
        self._folder = folder
        self._environment = {"GOATAPI_JOURNAL": kind.mode, **environment}
        self.hosts: Hosts | None = None
        self._stack = ExitStack()

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of what can be struck."""
        servers = ("postgresql", "redis") if self.hosts else ()
        return ("web", "web worker", "drain", "worker", *servers, TREE)

    @property
    def exports(self) -> Path:
        """The folder of all export files."""
        return self.hosts.folder / "exports" if self.hosts else self.server.data / "exports"

    @property
    def journal(self) -> Path:
        """The folder of the segments."""
        return self.server.data / "journal"

    def strike(self, parts: Sequence[str], away: float) -> None:
        """SIGKILL for each of `parts`, one right after the other.

        What nobody else starts again is started `away` seconds later, as a service manager would.
        """
        for pid in [self._pid(part) for part in parts if part in _PIDS]:
            send(pid, signal.SIGKILL)
        if self.hosts and "redis" in parts:
            self.hosts.redis.stop()
        if self.hosts and "postgresql" in parts:
            crash(self.hosts.postgres)
        if TREE in parts:
            self.server.kill()
        time.sleep(away)
        if self.hosts and "redis" in parts:
            self.hosts.redis.start()
        if self.hosts and "postgresql" in parts:
            self.hosts.postgres.start()
        if TREE in parts:
            self.server.start()

    def query(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself; `%(name)s` stands for a value."""
        if self.hosts:
            return self.hosts.query(sql, **values)
        with closing(sqlite3.connect(self.server.data / "vault.sqlite3", timeout=20)) as connection:
            for other in ("accounts", "cache"):
                file = str(self.server.data / f"{other}.sqlite3")
                connection.execute(f"ATTACH ? AS {other}", (file,))
            return connection.execute(re.sub(r"%\((\w+)\)s", r":\1", sql), values).fetchall()

    def is_drained(self) -> bool:
        """Whether every byte of the journal is consumed."""
        positions = dict(self.query("SELECT segment, position FROM journal_positions"))
        try:
            return all(
                path.stat().st_size == positions.get(path.name, 0)
                for path in self.journal.glob("*.seg")
            )
        except FileNotFoundError:  # the drain has just removed it
            return False

    def warnings(self) -> str:
        """What the service has printed, less the requests that went well."""
        lines = self.server.said().splitlines()
        return "\n".join(line for line in lines if '"message": "answered"' not in line)

    def _pid(self, part: str) -> int:
        return self.server.web_worker() if part == "web worker" else self.server.child(part)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.server = self._started(self._folder or _fresh(stack), stack)
            self.site: LiveSite = self.server.make_site("struck")
            sql = "SELECT id FROM sites_site WHERE code = %(code)s"
            self.site_id = int(self.query(sql, code=self.site.code)[0][0])
            self._stack = stack.pop_all()
        return self

    def _started(self, folder: Path, stack: ExitStack) -> LiveServer:
        if self.kind.database != "SQLite":
            self.hosts = stack.enter_context(Hosts(folder, **self._environment))
            return self._host(self.hosts)
        files = {"DATABASE_URL": "", "REDIS_URL": ""}
        server = LiveServer(folder, **files | self._environment)
        stack.callback(server.kill)
        server.start()
        return server

    def _host(self, hosts: Hosts) -> LiveServer:
        with_options = f"{hosts.postgres.url}?options={quote(self._options)}"
        host = hosts.make(**{"DATABASE_URL": with_options} if self._options else {})
        host.start()
        return host

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


_PIDS = ("web", "web worker", "drain", "worker")


def crash(postgres: PrivatePostgres) -> None:
    """SIGKILL for the postmaster; its children see that and end, before which nothing can start anew."""
    leader = next(pid for pid in all_pids() if _is_postmaster(pid, postgres.port))
    children = [pid for pid in all_pids() if parent_of(pid) == leader]
    postgres.stop(signal.SIGKILL)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))


def _is_postmaster(pid: int, port: int) -> bool:
    words = _command(pid)
    return bool(words) and words[0].endswith(b"/postgres") and str(port).encode() in words


def _command(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _fresh(stack: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="goatapi-faults-"))
    stack.callback(shutil.rmtree, folder)
    return folder
