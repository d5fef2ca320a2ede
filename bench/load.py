"""What is sent to the batch API, the same in every run, and the clients that send it."""

import bisect
import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bench.sides import Side

SEED = 20_261_123
BATCH = 500
PATHS = 5000
AT_ONCE = 2000
"""Within how many hits those of a session lie: some 500 visitors at a time."""
YEAR_BEGINS = datetime(2025, 1, 1, tzinfo=UTC)
REFS = [f"https://site{n % 67}.example.org/page/{n}" for n in range(200)]
TITLES = [f"Article number {n}, about this and that" for n in range(PATHS)]
SIZES = ["1920,1080,1", "1366,768,1", "390,844,3", "1440,900,2", "360,800,3", "2560,1440,1"]
CAMPAIGNS = ["utm_campaign=spring&utm_source=mail", "utm_campaign=launch&utm_source=forum"]
_COUNTRIES = (
    "US IN DE GB FR NL CA BR JP AU IT ES PL SE CH BE AT DK NO FI IE PT CZ RO HU GR UA TR IL ZA MX AR CL CO PE"
    " KR TW HK SG MY TH VN ID PH NZ EG NG KE MA TN SA AE PK BD LK KZ RS HR BG SK"
)
COUNTRIES = _COUNTRIES.split()
AGENTS = [
    text.format(80 + n)
    for n in range(8)
    for text in (
        "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{0}.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{0} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{0} Mobile/15E148 Safari/604.1",
    )
]


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, and the visits in it: its pairs of session and path, which a stat API counts once."""

    data: bytes
    visits: frozenset[tuple[str, int]]
    hits: int = BATCH


def bodies(total: int, mark: str, *, year: bool = False) -> Iterator[Body]:
    """`total` hits, 500 a body: Zipf-distributed paths, four hits a session on average, now or over a year.

    `mark` keeps the sessions of one run from those of another.
    """
    rng = random.Random(SEED)
    weights = list(itertools.accumulate(1 / rank for rank in range(1, PATHS + 1)))
    for first in range(0, total, BATCH):
        hits, visits = [], set()
        for number in range(first, min(first + BATCH, total)):
            path = bisect.bisect(weights, rng.random() * weights[-1])
            session = f"{mark}-{(number + rng.randrange(AT_ONCE)) // 4}"
            hit = {
                "path": f"/articles/{path:04}/read",
                "title": TITLES[path],
                "ref": rng.choice(REFS) if rng.random() < 0.4 else "",
                "user_agent": rng.choice(AGENTS),
                "location": rng.choice(COUNTRIES),
                "size": rng.choice(SIZES),
                "session": session,
            }
            if rng.random() < 0.01:
                hit["query"] = rng.choice(CAMPAIGNS)
            if year:
                at = YEAR_BEGINS + timedelta(seconds=number * 31_536_000 // total)
                hit["created_at"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
            hits.append(hit)
            visits.add((session, path))
        yield Body(json.dumps({"hits": hits}).encode(), frozenset(visits), len(hits))


@dataclass
class Sent:
    """What clients have sent, and what was answered; `log` has (when, hits acknowledged so far)."""

    accepted: int = 0
    failed: int = 0
    requests: int = 0
    seconds: float = 0.0
    visits: set[tuple[str, int]] = field(default_factory=set)
    log: list[tuple[float, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, body: Body, status: int) -> None:
        """One answer."""
        with self._lock:
            self.requests += 1
            if status // 100 == 2:
                self.accepted += body.hits
                self.visits |= body.visits
                self.log.append((time.monotonic(), self.accepted))
            else:
                self.failed += 1


class Sender:
    """Sends bodies over `connections` kept open: as fast as they are answered, or at `rate` hits a second.

    A failed request is not repeated. `stop` ends it early.
    """

    def __init__(
        self, side: Side, some: Iterator[Body], connections: int, *, rate: float = 0
    ) -> None:
        self.sent = Sent()
        self._side, self._bodies, self._rate = side, some, rate
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._due = self.begun = time.monotonic()
        self._threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(connections)
        ]

    def start(self) -> None:
        """Begin, in threads of its own."""
        self._due = self.begun = time.monotonic()
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float | None = None) -> Sent:
        """Until all is sent, or `seconds` are over; gives what came of it."""
        if seconds is not None and not self._stopped.wait(seconds):
            self._stopped.set()
        for thread in self._threads:
            thread.join()
        self.sent.seconds = time.monotonic() - self.begun
        return self.sent

    def _work(self) -> None:
        connection = self._connect()
        while not self._stopped.is_set() and (body := self._next()):
            try:
                connection.request("POST", "/api/v0/count", body.data, self._side.headers())
                answer = connection.getresponse()
                answer.read()
                self.sent.note(body, answer.status)
            except (OSError, http.client.HTTPException):
                self.sent.note(body, 0)
                connection.close()
        connection.close()

    def _next(self) -> Body | None:
        with self._lock:
            body = next(self._bodies, None)
            if body and self._rate:
                wait, self._due = self._due - time.monotonic(), self._due + body.hits / self._rate
                if wait > 0 and self._stopped.wait(wait):
                    return None
            return body

    def _connect(self) -> http.client.HTTPConnection:
        host, _, port = self._side.url.removeprefix("http://").partition(":")
        return http.client.HTTPConnection(host, int(port or 80), timeout=60)
