"""The real service for tests: the process tree that `make run` starts, on a free port, with data of its own."""

import gzip
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from goatapi.supervisor import leave_with_supervisor
from tests.openapi.contract import contract
from tests.openapi.exchange import from_httpx
from tests.ports import free_port
from tests.servers import in_production, servers

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0
"""Deadline for whatever is waited for: generous, since no test is about speed."""

TLS = ssl.create_default_context()
"""Never used; but each client would read all certificates of the system for one of its own."""

OURS = ("GOATAPI_", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "GEOIP_DB", "PORT", "HOST", "DJANGO_")


class Incomplete(AssertionError):
    """An export is said to be done and its file is not whole: no outage excuses that."""


class LiveServer:
    """One process tree. Everything that runs with its data folder in the environment is its own."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data / "data"
        self.port = free_port()
        self.metrics_port = free_port()
        self.output = data / f"output-{self.port}.log"
        given = {
            "GOATAPI_DATA_DIR": str(self.data),
            "GOATAPI_DOMAIN": "localhost",
            "GOATAPI_RATELIMIT": "none",
            "GOATAPI_METRICS_PORT": str(self.metrics_port),
            "PORT": str(self.port),
        }
        given |= servers().fresh() if in_production() else {}
        self._environment = bare_environment() | given | environment
        self._process: subprocess.Popen[bytes] | None = None
        self._launched: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Of its processes, and of commands that are to work on its data."""
        return dict(self._environment)

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start the tree and wait for nothing."""
        self._process = self._popen("-m", "goatapi.supervisor")
        return self._process

    def launch(self, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Run Python with `arguments` on the same data, outside of the tree; it ends with the tree."""
        self._launched.append(self._popen(*arguments, **environment))
        return self._launched[-1]

    def add_web(self) -> int:
        """One more web process of this host; gives its port, once it answers."""
        port = free_port()
        process = self.launch("manage.py", "web", PORT=str(port), GOATAPI_METRICS_PORT="0")
        wait_until(lambda: process.poll() is not None or answers(port), self.said)
        return port

    def _popen(self, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        with self.output.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self._environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Not even a killed test run leaves a server behind.
                preexec_fn=leave_with_supervisor,  # noqa: PLW1509  # as there
            )

    def start(self) -> float:
        """Start and wait until it answers; gives the seconds that this took."""
        begun = time.monotonic()
        process = self.spawn()
        while not self.answers():
            assert process.poll() is None, self.said()
            assert time.monotonic() - begun < SECONDS, self.said()
            time.sleep(0.01)
        return time.monotonic() - begun

    def answers(self) -> bool:
        """Whether /healthz does."""
        return answers(self.port)

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Ask the tree to stop and wait until its supervisor has; gives the seconds that this took."""
        assert self._process
        begun = time.monotonic()
        self._process.send_signal(number)
        code = self._process.wait(SECONDS)
        took = time.monotonic() - begun
        assert code == 0, self.said()
        return took

    def kill(self) -> None:
        """SIGKILL for every process of it, children first so that nobody has time to say goodbye."""
        while pids := self.processes():
            for pid in reversed(pids):
                send(pid, signal.SIGKILL)
            self._reap()

    def kill_supervisor(self) -> None:
        """SIGKILL for the supervisor alone."""
        assert self._process
        self._process.kill()
        self._process.wait(SECONDS)

    def processes(self) -> list[int]:
        """Ids of what runs of it, oldest first; commands and orphans included."""
        mark = f"GOATAPI_DATA_DIR={self.data}".encode()
        return [pid for pid in all_pids() if mark in read_process(pid, "environ").split(b"\0")]

    def child(self, name: str) -> int:
        """Id of the process that runs `manage.py NAME` for the supervisor; waits for one."""
        assert self._process
        supervisor, command = self._process.pid, [b"manage.py", name.encode()]
        return self._awaited(
            lambda pid: (
                parent_of(pid) == supervisor
                and read_process(pid, "cmdline").split(b"\0")[1:3] == command
            )
        )

    def web_worker(self) -> int:
        """Id of the process that answers requests: the web server's child."""
        main = self.child("web")
        return self._awaited(lambda pid: parent_of(pid) == main)

    def memory(self) -> int:
        """Bytes of the whole tree; what processes share is counted once (PSS)."""
        lines = b"".join(read_process(pid, "smaps_rollup") for pid in self.processes())
        return sum(int(at.split()[1]) << 10 for at in lines.splitlines() if at.startswith(b"Pss:"))

    def said(self) -> str:
        """All that it has printed."""
        return self.output.read_text() if self.output.exists() else ""

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py` on the same data."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def make_site(self, code: str, permissions: str = "count,export") -> "LiveSite":
        """A new site with a key, by the two commands."""
        email = f"{code}@example.com"
        made = self.manage("create_site", code, "--email", email)
        assert made.returncode == 0, made.stderr
        key = self.manage(
            *("create_api_key", code, "--email", email, "--name", "live"),
            *("--permissions", permissions),
        )
        assert key.returncode == 0, key.stderr
        return LiveSite(self, code, key.stdout.strip())

    def _awaited(self, fits: Callable[[int], bool]) -> int:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for pid in self.processes():
                if fits(pid):
                    return pid
            time.sleep(0.02)
        raise AssertionError(f"no such process: {self.said()}")

    def _reap(self) -> None:
        for process in filter(None, [self._process, *self._launched]):
            process.wait(SECONDS)


@dataclass(frozen=True, slots=True)
class LiveSite:
    """A site of a running server, and clients for it."""

    server: LiveServer
    code: str
    key: str

    @property
    def host(self) -> str:
        """Its host name, with the port."""
        return f"{self.code}.localhost:{self.server.port}"

    def client(self) -> httpx.Client:
        """Asks the site with its key. To be closed."""
        headers = {"Host": self.host, "Authorization": f"Bearer {self.key}"}
        return http_client(self.server.url, headers=headers)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        """POST of a value as JSON."""
        with self.client() as client:
            content = b"" if body is None else json.dumps(body).encode()
            return client.post(path, content=content, headers={"Content-Type": "application/json"})

    def count(self, *paths: str) -> None:
        """One batch of pageviews."""
        hits = [{"path": path} for path in paths]
        answer = self.post("/api/v0/count", {"no_sessions": True, "hits": hits})
        assert answer.status_code == 202, answer.text

    def export(self, after: int = 0) -> "tuple[list[str], int]":
        """The lines of a new export from the cursor `after`, without the header, and the next cursor."""
        asked = self.post("/api/v0/export", {"start_from_hit_id": after})
        assert asked.status_code == 202, asked.text
        return self.finished(asked.json()["id"])

    def finished(self, export_id: int) -> "tuple[list[str], int]":
        """The same of an export that was asked for before."""
        with self.client() as client:
            done = self._finished(client, f"/api/v0/export/{export_id}")
            assert done["error"] is None
            file = client.get(f"/api/v0/export/{export_id}/download")
        assert file.status_code == 200, file.text
        lines = _unpacked(file.content)
        if len(lines) != done["num_rows"]:
            raise Incomplete(f"{len(lines)} of {done['num_rows']} rows in {file.url}")
        return lines, done["last_hit_id"]

    def paths(self, *awaited: str, count: int = 0) -> list[str]:
        """The paths of all pageviews, once there are `count`, the `awaited` ones among them."""
        deadline = time.monotonic() + SECONDS
        while True:
            found = [line.partition(",")[0] for line in self.export()[0]]
            if len(found) >= count and set(awaited) <= set(found):
                return found
            assert time.monotonic() < deadline, (len(found), self.server.said())

    def _finished(self, client: httpx.Client, path: str) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            export: dict[str, Any] = client.get(path).json()
            if export["finished_at"]:
                return export
            time.sleep(0.05)
        raise AssertionError(f"the export does not finish: {self.server.said()}")


def http_client(
    base_url: str = "", *, headers: dict[str, str] | None = None, timeout: float = SECONDS
) -> httpx.Client:
    """httpx's; each exchange with the API has to be as the API's description says. To be closed."""
    return httpx.Client(
        base_url=base_url,
        headers=headers,
        timeout=timeout,
        verify=TLS,
        trust_env=False,
        event_hooks={"response": [_check]},
    )


def _check(reply: httpx.Response) -> None:
    contract().check(from_httpx(reply))


def answers(port: int) -> bool:
    """Whether /healthz at this port does."""
    try:
        with http_client(timeout=5) as client:
            return client.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _unpacked(file: bytes) -> list[str]:
    """The lines of an export's file, without the header."""
    try:
        return gzip.decompress(file).decode().splitlines()[1:]
    except (EOFError, OSError, zlib.error) as error:
        raise Incomplete(repr(error)) from error


def wait_until(question: Callable[[], bool], told: Callable[[], object] = str) -> float:
    """Until it comes true; gives the seconds that this took. `told` says more when it never does."""
    begun = time.monotonic()
    while not question():
        assert time.monotonic() - begun < SECONDS, told()
        time.sleep(0.02)
    return time.monotonic() - begun


def bare_environment() -> dict[str, str]:
    """This process's, without what would configure the service."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def all_pids() -> list[int]:
    """Every process of the machine, oldest first as far as ids tell."""
    return sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def read_process(pid: int, name: str) -> bytes:
    """A file below /proc/PID; empty when the process is gone or another user's."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def parent_of(pid: int) -> int:
    """0 when the process is gone."""
    fields = read_process(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def send(pid: int, number: int) -> None:
    """A signal, unless the process is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
