"""Those who look on while the service is struck: a monitor, and a client that keeps a copy by cursor."""

import threading
import time

import httpx

from tests.live.server import SECONDS, TLS, Incomplete, LiveSite

LOOK_SECONDS = 0.05
FOLLOW_SECONDS = 0.3


class Monitor(threading.Thread):
    """Asks whether the service is ready, again and again, and remembers the longest outage in seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(name="monitor", daemon=True)
        self.longest = 0.0
        self._url = f"{url}/readyz"
        self._down_since: float | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Until it is stopped."""
        with httpx.Client(timeout=5, verify=TLS, trust_env=False) as client:
            while not self._stopped.wait(LOOK_SECONDS):
                self._look(client)

    def stop(self) -> None:
        """End; an outage that goes on is counted up to now."""
        self._stopped.set()
        self.join(SECONDS)
        self._note(time.monotonic())

    def _look(self, client: httpx.Client) -> None:
        begun = time.monotonic()
        try:
            ready = client.get(self._url, headers={"Connection": "close"}).status_code == 200
        except httpx.TransportError:
            ready = False
        if ready:
            self._note(time.monotonic())
            self._down_since = None
        elif self._down_since is None:
            self._down_since = begun

    def _note(self, now: float) -> None:
        if self._down_since is not None:
            self.longest = max(self.longest, now - self._down_since)


class Follower:
    """Keeps a copy of the site by exports from its cursor; goes on through all rounds."""

    def __init__(self, site: LiveSite) -> None:
        self.copy: list[str] = []
        self.exports = 0
        self.broken: list[str] = []
        self._site = site
        self._cursor = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread()

    def start(self) -> None:
        """Follow in the background. What fails is tried again from the same cursor."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Take what has come since, now that nothing fails and nobody writes."""
        self._stopped.set()
        self._thread.join(2 * SECONDS)
        assert not self._thread.is_alive(), "an export never ends"
        while self._once():
            pass

    def _follow(self) -> None:
        while not self._stopped.wait(FOLLOW_SECONDS):
            try:
                self._once()
            except Incomplete as error:
                self.broken.append(str(error))
            except (httpx.TransportError, AssertionError, LookupError, ValueError):
                continue  # no answer, a refusal, or neither: the service is being struck

    def _once(self) -> int:
        lines, cursor = self._site.export(after=self._cursor)
        self.copy += [line.partition(",")[0] for line in lines]
        self._cursor = cursor
        self.exports += 1
        return len(lines)
