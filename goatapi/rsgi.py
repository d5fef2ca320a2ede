"""The web server's callable: `/count` in the server's own thread, all else by Django in a pool of threads."""

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings

from exports.figures import ExportFigures
from exports.hosts import Presence, owner_prefix
from goatapi import bridge
from goatapi.collector import calm
from goatapi.eager import in_loop
from goatapi.errors import Unavailable
from goatapi.http import metrics
from goatapi.http.client_ip import chain_behind
from goatapi.wsgi import application as django
from hits import runtime
from hits.door import Reply, Visit, unavailable
from hits.figures import JournalFigures
from hits.journal import Journal
from sites.directory import LONG_PATIENCE, PATIENCE, directory
from sites.figures import MailFigures
from sites.tenancy import SiteRef

THREADS = 4
COUNTED = ("GET", "POST")

log = logging.getLogger("goatapi.web")


class Application:
    """RSGI: one object per worker process."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="django")
        self._bodies = bridge.Budget(bridge.MAX_HELD)
        self._downloads = bridge.Gate(bridge.DOWNLOADS_PER_SECOND)
        self._ticker = runtime.Ticker()
        self._presence = Presence()
        self._proxies = chain_behind(settings.ENVIRONMENT.trusted_proxies)
        self._parent = 0
        self._seen = 0

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._parent = os.getppid()
        runtime.door()  # before there are threads: each part of it is to be the only one
        self._ticker.start()
        self._presence.start()
        metrics.serve(
            "web",
            settings.ENVIRONMENT.metrics_port,
            JournalFigures(runtime.journal()),
            ExportFigures(owner_prefix=owner_prefix()),
            MailFigures(),
            processes=settings.ENVIRONMENT.web_processes,
        )
        calm()
        loop.call_later(1, self._leave_with_parent, loop)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        del loop
        self._presence.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ticker.stop()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """A request; what comes before the first `await` runs in the server's thread (goatapi/eager.py)."""
        if scope.path == "/count" and scope.method in COUNTED:
            headers = scope.headers  # a copy each time
            fresh, site = directory().peek(headers.get("host") or "")
            if not fresh:
                await in_loop()
                site = await _asked(headers.get("host") or "", site)
            if site is not None:
                await self._count(site, scope, headers, protocol)
                return
        await in_loop()
        await self._django(scope, protocol)

    async def _count(self, site: SiteRef, scope: Any, headers: Any, protocol: Any) -> None:
        self._seen += 1
        timed = not self._seen % metrics.SAMPLED
        started = time.perf_counter() if timed else 0.0
        door = runtime.door()
        reply = door.take(site, self._visit(scope, headers))
        if reply.ticket:
            if door.journal.delays:
                await in_loop()
                reply = await _confirmed(reply, door.journal)
            metrics.ACCEPTED.add("count", bool(reply.ticket))
        protocol.response_bytes(reply.status, reply.headers, reply.body)
        if timed:
            metrics.COUNT_SECONDS.observe(time.perf_counter() - started)

    def _visit(self, scope: Any, headers: Any) -> Visit:
        """What `/count` looks at, out of the server's request."""
        get, proxies = headers.get, self._proxies
        forwarded = ",".join(headers.get_all("x-forwarded-for")) if proxies else ""
        return Visit(
            scope.query_string,
            proxies.client(bridge.peer_of(scope), forwarded),
            bridge.header(headers, "user-agent") or "",
            get("accept-language") or "",
            get("x-moz") or "",
            get("x-purpose") or "",
            get("purpose") or "",
            get("sec-purpose") or "",
        )

    async def _django(self, scope: Any, protocol: Any) -> None:
        try:
            body = await bridge.read_body(scope, protocol, self._bodies)
        except bridge.Refused as refused:
            _refuse(scope, protocol, refused)
            return
        try:
            answer = await asyncio.get_running_loop().run_in_executor(
                self._pool, bridge.run, django, bridge.environ(scope, body)
            )
        finally:
            self._bodies.give_back(len(body))
        if answer.file:
            await self._downloads.turn()
        send(protocol, answer)

    def _leave_with_parent(self, loop: asyncio.AbstractEventLoop) -> None:
        """A killed main process must not leave a worker that goes on answering."""
        if os.getppid() != self._parent:
            log.error("the main process is gone; the worker leaves")
            self._ticker.stop()
            os._exit(1)
        loop.call_later(1, self._leave_with_parent, loop)


async def _asked(host: str, known: SiteRef | None) -> SiteRef | None:
    """The site at `host` from the database; `known`, the one of before, when it does not answer.

    None also when it can not be known: Django then finds the words.
    """
    try:
        flight = asyncio.wrap_future(directory().ask(host))
    except Unavailable:
        return known
    await asyncio.wait({flight}, timeout=PATIENCE if known else LONG_PATIENCE)
    answered = flight.done() and not flight.exception()
    return flight.result() if answered else known


async def _confirmed(reply: Reply, journal: Journal) -> Reply:
    """The reply once the disk has what it tells of; else the refusal, which has no ticket."""
    try:
        await journal.synced(reply.ticket)
    except Unavailable as error:
        return unavailable(error)
    return reply


def send(protocol: Any, answer: bridge.Answer) -> None:
    """Django's answer, by the server; a file without a thread."""
    if answer.file and answer.file.end is not None:
        protocol.response_file_range(answer.status, answer.headers, *answer.file)
    elif answer.file:
        protocol.response_file(answer.status, answer.headers, answer.file.path)
    elif answer.body:
        protocol.response_bytes(answer.status, answer.headers, answer.body)
    else:
        protocol.response_empty(answer.status, answer.headers)


def _refuse(scope: Any, protocol: Any, refused: bridge.Refused) -> None:
    """A request that never reached Django, in the form of its path."""
    from goatapi.http.envelope import JSON_TYPE, dump  # noqa: PLC0415  # needs Django's settings

    if scope.path.startswith("/api"):
        kind, body = JSON_TYPE, dump({"error": refused.message})
    else:
        kind, body = "text/plain; charset=utf-8", f"{refused.message}\n".encode()
    headers = [("content-type", kind), ("connection", "close")]
    if refused.status == 503:
        headers.append(("retry-after", "5"))
    if scope.path.startswith("/api"):
        headers.append(("access-control-allow-origin", "*"))
    protocol.response_bytes(refused.status, headers, body)


app = Application()
