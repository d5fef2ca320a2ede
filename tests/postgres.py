"""A private PostgreSQL for tests: its own folder, its own port, gone afterwards.

`with PrivatePostgres() as server: server.url` - needs Debian's postgresql package, nothing running.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

BINARIES = "/usr/lib/postgresql/*/bin"


def is_installed() -> bool:
    """Whether there are programs to start a server with."""
    return _bin() is not None


class PrivatePostgres:
    """One server, trusted connections on 127.0.0.1 only; stops only what it has started."""

    def __init__(self, *, safe_on_power_loss: bool = False) -> None:
        self.port = 0
        self._flags = "" if safe_on_power_loss else "-F"
        self._folder = Path()

    @property
    def url(self) -> str:
        """What `DATABASE_URL` would be."""
        return f"postgres://goatapi@127.0.0.1:{self.port}/postgres"

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

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="goatapi-pg-"))
        try:
            _give_to_owner(self._folder)
            _run(
                "initdb",
                "-D",
                self._data,
                "-U",
                "goatapi",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
            )
            self.port = _free_port()
            options = (
                f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 {self._flags}"
            )
            _run(
                "pg_ctl",
                "-D",
                self._data,
                "-w",
                "-l",
                f"{self._folder}/log",
                "-o",
                options,
                "start",
            )
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _stop(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            _run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)


def _bin() -> Path | None:
    found = sorted(Path("/").glob(BINARIES.removeprefix("/")))
    return found[-1] if found else None


def _give_to_owner(folder: Path) -> None:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")


def _run(program: str, *arguments: str) -> None:
    folder = _bin()
    if folder is None:
        raise FileNotFoundError(f"no PostgreSQL in {BINARIES}")
    as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    # Output to nowhere: the server would keep a pipe open, and we would wait for its end.
    subprocess.run(
        [*as_owner, str(folder / program), *arguments],
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
