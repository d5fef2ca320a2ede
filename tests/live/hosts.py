"""Several hosts on one PostgreSQL and one Redis: process trees with data folders of their own."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.live.load import Client
from tests.live.server import SECONDS, LiveServer, LiveSite, wait_until
from tests.postgres import PrivatePostgres
from tests.redis import PrivateRedis

SECRET_KEY = "the same on every host of this test, and long enough"


class Hosts:
    """The two servers, and hosts that are made one by one."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.made: list[LiveServer] = []
        self.postgres, self.redis = PrivatePostgres(), PrivateRedis()
        self._environment = environment

    def make(self, **environment: str) -> LiveServer:
        """A host that is not yet started."""
        folder = self.folder / f"host-{len(self.made)}"
        folder.mkdir()
        shared = {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url_of(0),
            "EXPORT_STORAGE_URL": f"file://{self.folder}/exports",
            "GOATAPI_SECRET_KEY": SECRET_KEY,
        }
        self.made.append(LiveServer(folder, **shared | self._environment | environment))
        return self.made[-1]

    def start(self, number: int = 2) -> list[LiveServer]:
        """So many hosts, started at the same moment."""
        hosts = [self.make() for _ in range(number)]
        for host in hosts:
            host.spawn()
        for host in hosts:
            wait_until(host.answers, host.said)
        return hosts

    def query(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with psycopg.connect(self.postgres.url) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def said(self) -> str:
        """By all hosts."""
        return "\n".join(host.said() for host in self.made)

    def _kill(self) -> None:
        for host in self.made:
            host.kill()

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        with ExitStack() as stack:
            stack.enter_context(self.postgres)
            stack.enter_context(self.redis)
            stack.callback(self._kill)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def at(host: LiveServer, site: LiveSite) -> LiveSite:
    """The same site as another host serves it."""
    return LiveSite(host, site.code, site.key)


def send_from(site: LiveSite, ports: dict[int, LiveServer], *, pause: float) -> list[Client]:
    """Clients that send, one to each port, until they are stopped."""
    clients = [
        Client(at(host, site), f"port-{port}", 10**6, port=port, pause=pause)
        for port, host in ports.items()
    ]
    for client in clients:
        client.start()
    return clients


def end(clients: list[Client]) -> None:
    """Stop them and wait until they have."""
    for client in clients:
        client.stop()
    for client in clients:
        client.join(SECONDS)
        assert not client.is_alive()
