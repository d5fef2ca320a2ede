"""A private Redis for tests: its own folder, its own port, gone afterwards. It keeps nothing on the disk."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from goatapi.supervisor import leave_with_supervisor
from tests.ports import free_port

SECONDS = 60.0
DATABASES = 200


class PrivateRedis:
    """One server on 127.0.0.1; stops only what it has started."""

    def __init__(self) -> None:
        self.port = 0
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def url_of(self, number: int) -> str:
        """What `REDIS_URL` would be for one of its databases."""
        return f"redis://127.0.0.1:{self.port}/{number}"

    def start(self) -> None:
        """Serve, with nothing in it, and wait until it does."""
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(self._folder),
            "--save": "",
            "--appendonly": "no",
            "--databases": str(DATABASES),
            "--logfile": str(self._folder / "log"),
        }
        self._process = subprocess.Popen(
            ["redis-server", *(word for option in options.items() for word in option)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Not even a killed test run leaves a server behind.
            preexec_fn=leave_with_supervisor,  # noqa: PLW1509  # as there
        )
        self._wait()

    def stop(self) -> None:
        """As a crash would: with all that was in it."""
        if self._process:
            self._process.kill()
            self._process.wait(SECONDS)
            self._process = None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="goatapi-redis-"))
        self.port = free_port()
        try:
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

    def _wait(self) -> None:
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            assert self._process
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False

    def _remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
