"""A private PostgreSQL for tests: its own folder, its own port, gone afterwards.

`with PrivatePostgres() as server: server.url` - needs Debian's postgresql package, nothing running.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import free_port

BINARIES = "/usr/lib/postgresql/*/bin"
SECONDS = 60.0


def is_installed() -> bool:
    """Whether there are programs to start a server with."""
    return _bin() is not None


class PrivatePostgres:
    """One server, trusted connections on 127.0.0.1 only; stops only what it has started."""

    def __init__(self, *, safe_on_power_loss: bool = False) -> None:
        self.port = 0
        self._flags = [] if safe_on_power_loss else ["-F"]
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What `DATABASE_URL` would be."""
        return self.url_of("postgres")

    @property
    def settings(self) -> dict[str, object]:
        """An entry for Django's DATABASES."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "goatapi",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
        }

    def url_of(self, database: str) -> str:
        """The same for another database of this server."""
        return f"postgres://goatapi@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new database; gives its URL."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "goatapi"]
        _run("createdb", *where, database)
        return self.url_of(database)

    def start(self) -> None:
        """Serve the folder, and wait until it does."""
        log = (self._folder / "log").open("ab")
        options = ["-D", self._data, "-p", str(self.port), "-k", str(self._folder)]
        options += ["-c", "listen_addresses=127.0.0.1", *self._flags]
        with log:
            self._process = subprocess.Popen(
                # Not even a killed test run leaves a server behind.
                _as_owner(["setpriv", "--pdeathsig", "QUIT", *_program("postgres"), *options]),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it and its connections: SIGINT at once but in order, SIGQUIT as a crash would."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(SECONDS)
            self._process = None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="goatapi-pg-"))
        try:
            _give_to_owner(self._folder)
            _run("initdb", "-D", self._data, "-U", "goatapi", "-A", "trust", *ENCODING)
            self.port = free_port()
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _wait(self) -> None:
        deadline = time.monotonic() + SECONDS
        asked = [*_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(asked, check=False).returncode:
            assert self._process
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.02)

    def _remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)


ENCODING = ("-E", "UTF8", "--locale=C", "--no-sync")


def _bin() -> Path | None:
    found = sorted(Path("/").glob(BINARIES.removeprefix("/")))
    return found[-1] if found else None


def _give_to_owner(folder: Path) -> None:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")


def _program(name: str) -> list[str]:
    folder = _bin()
    if folder is None:
        raise FileNotFoundError(f"no PostgreSQL in {BINARIES}")
    return [str(folder / name)]


def _as_owner(command: list[str]) -> list[str]:
    if os.getuid() != 0:
        return command
    owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return [*owner, *command]


def _run(program: str, *arguments: str) -> None:
    subprocess.run(
        _as_owner([*_program(program), *arguments]),
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
    )
