"""Our side: a server started as a user would, on SQLite or on a PostgreSQL of its own."""

import http.client
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from bench import procs
from bench.sides import SECONDS, Side
from tests.ports import free_port
from tests.postgres import PrivatePostgres

ROOT = Path(__file__).resolve().parents[1]
SITE, OTHER = "bench", "neighbour"
KEYED_BY = ("browser", "system", "location", "language", "size", "campaign")
ROLLUPS = ["hit_counts", "ref_counts", *(f"{name}_stats" for name in KEYED_BY)]
SHORT_LIVED = ("sessions", "seen_ids", "salts")


class Ours(Side):
    """A whole process tree of ours with data of its own. `with Ours(…) as side:`"""

    pause = 0.02

    def __init__(self, database: str, journal: str = "write", web: int = 1) -> None:
        port = free_port()
        super().__init__(
            f"ours {database}", f"http://127.0.0.1:{port}", host=f"{SITE}.localhost:{port}"
        )
        self.database, self.journal, self.port = database, journal, port
        self.web_processes = web
        self.folder = Path(tempfile.mkdtemp(prefix="goatapi-bench-"))
        self._postgres: PrivatePostgres | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: Any = None

    def __enter__(self) -> "Ours":
        try:
            if self.database == "postgresql":
                self._postgres = PrivatePostgres(safe_on_power_loss=True).__enter__()
            self.start()
            self.token = self._make_site(SITE)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop it and remove its data."""
        self.stop()
        if self._postgres:
            self._postgres.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> float:
        """Start it; gives the seconds until it answered."""
        begun = time.monotonic()
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "goatapi.supervisor"],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        procs.wait_until(lambda: answers(self.port), SECONDS)
        return time.monotonic() - begun

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._reader:
            self._reader.close()
            self._reader = None
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(SECONDS)
            self._process = None

    def neighbour(self) -> Side:
        """Another tenant of the same server."""
        other = Side(f"{self.name} B", self.url, host=f"{OTHER}.localhost:{self.port}")
        other.token = self._make_site(OTHER)
        return other

    def web(self) -> set[int]:
        """See the base."""
        return self._child("web")

    def worker(self) -> set[int]:
        """The processes that make exports."""
        return self._child("worker")

    def tree(self) -> set[int]:
        """See the base."""
        roots = [self._process.pid] if self._process else []
        roots += [procs.listener(self._postgres.port)] if self._postgres else []
        return procs.family(*roots)

    def counted(self) -> int:
        """Rows; the rollups are in the same transaction."""
        return int(self.sql("SELECT COALESCE(SUM(last_hit_id), 0) FROM site_ledger")[0][0])

    def rolled_up(self) -> int:
        """How many of the eight rollups have counted anything."""
        filled = (self.sql(f"SELECT 1 FROM {name} LIMIT 1") for name in ROLLUPS)  # noqa: S608  # names from above
        return sum(map(bool, filled))

    def sizes(self) -> dict[str, int]:
        """Bytes by kind: `hits` with indexes and dimensions, `rollups`, `short_lived`."""
        if self._postgres:
            question = (
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r'"
            )
        else:
            question = (
                "SELECT m.tbl_name, SUM(d.pgsize) FROM dbstat d JOIN sqlite_master m"
                " ON m.name = d.name GROUP BY 1"
            )
        sizes = {"hits": 0, "rollups": 0, "short_lived": 0}
        for name, size in self.sql(question):
            if name in ("hits", "paths", "refs", "browsers", "systems", "campaigns"):
                sizes["hits"] += size
            elif name in ROLLUPS:
                sizes["rollups"] += size
            elif name in SHORT_LIVED:
                sizes["short_lived"] += size
        return sizes

    def file_size(self) -> int:
        """Bytes of all databases."""
        if self._postgres:
            return int(self.sql("SELECT pg_database_size(current_database())")[0][0])
        return sum(file.stat().st_size for file in (self.folder / "data").glob("*.sqlite3*"))

    def sql(self, question: str) -> list[tuple[Any, ...]]:
        """Rows of a question to the vault."""
        if self._reader is None:
            if self._postgres:
                self._reader = psycopg.connect(self._postgres.url, autocommit=True)
            else:
                file = self.folder / "data" / "vault.sqlite3"
                self._reader = sqlite3.connect(file, timeout=SECONDS, check_same_thread=False)
        return list(self._reader.execute(question).fetchall())

    def _child(self, name: str) -> set[int]:
        assert self._process
        mark = f"manage.py\0{name}\0"
        mains = [
            pid for pid in procs.family(self._process.pid) if mark in procs.read(pid, "cmdline")
        ]
        return procs.family(*mains)

    def _environment(self) -> dict[str, str]:
        given = {
            "GOATAPI_DATA_DIR": str(self.folder / "data"),
            "GOATAPI_DOMAIN": "localhost",
            "GOATAPI_RATELIMIT": "none",
            "GOATAPI_TRUSTED_PROXIES": "127.0.0.1/32",
            "GOATAPI_JOURNAL": self.journal,
            "GOATAPI_WEB_PROCESSES": str(self.web_processes),
            "PORT": str(self.port),
        }
        if self._postgres:
            given["DATABASE_URL"] = self._postgres.url
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
        return {name: os.environ[name] for name in kept if name in os.environ} | given

    def _make_site(self, code: str) -> str:
        email = f"{code}@example.com"
        self._manage("create_site", code, "--email", email)
        self._manage("set_site", code, "--collect", "510")
        return self._manage(
            "create_api_key",
            code,
            "--email",
            email,
            "--name",
            "bench",
            "--permissions",
            "count,export",
        )

    def _manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()


def answers(port: int) -> bool:
    """Whether an HTTP server at this port does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
