#!/usr/bin/env python3
"""Keep a local copy of a site's pageviews up to date: every pageview once, none left out.

    API_TOKEN=... python3 sync.py https://my-site.example.com pageviews.sqlite3

Needs Python 3.9 or newer on a system with flock (Linux, macOS), nothing else, and an API key with the
permission "export". Run it as often as you like, by cron for instance. It may be killed at any
moment: the next run goes on from there.

The copy is an SQLite database. Table "pageviews" has a row for each pageview, in the order in which
they were counted. Table "sync" has one row: how far the copy reaches (cursor), and what is under way:

    nothing -> an export was started -> its file is being fetched -> its rows are stored -> nothing

Rows and cursor change in one transaction: there is no moment in which one is there without the other.

Exit codes:
    0  the copy holds everything that was counted before this run
    2  wrong usage
    3  another run is at work on this copy
    4  the server refuses, or says what this program does not understand
    5  the time is up; what was fetched is kept, the next run goes on
    6  the copy can not be read or written
"""

from __future__ import annotations

import argparse
import csv
import fcntl
import gzip
import hashlib
import http.client
import json
import os
import random
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

SOCKET_SECONDS = 30
POLL_SECONDS = (0.5, 1, 2, 4, 8)
"""Waits between looks at an export; the last one is repeated. The server allows 60 requests in 120 s."""
PASSING = (429, 500, 502, 503, 504)
"""Statuses that another try may cure."""
TROUBLE = (OSError, http.client.HTTPException)
"""What a network can do to a request."""
COLUMNS = (
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,"
    "Screen size,Location,FirstVisit,Date"
)
TABLES = """
    CREATE TABLE IF NOT EXISTS pageviews (
        number INTEGER PRIMARY KEY, path, title, event, user_agent, browser, system, session, bot,
        referrer, referrer_scheme, screen_size, location, first_visit, date
    );
    CREATE TABLE IF NOT EXISTS sync (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        url TEXT, cursor INTEGER, export INTEGER, etag TEXT, stored INTEGER
    );
"""
INSERT = "INSERT INTO pageviews VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class End(Exception):
    """This run ends here, with a sentence and an exit code."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Refused(Exception):
    """The server answers with a status that waiting does not cure."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{text} (status {status})")
        self.status = status


def main() -> int:
    """Bring the copy up to date; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url", help="the site's address, such as https://my-site.example.com")
    parser.add_argument("copy", help="the copy's file; made if it is not there")
    parser.add_argument("--seconds", type=float, default=3600, help="when to give up (3600)")
    asked = parser.parse_args()
    token = os.environ.get("API_TOKEN")
    if not token or not asked.url.startswith(("http://", "https://")):
        parser.error("it takes a URL with http:// or https://, and an API key in API_TOKEN")
    try:
        with open(f"{asked.copy}.lock", "w") as lock:
            be_alone(lock)
            site = Site(asked.url.rstrip("/"), token, asked.seconds)
            with closing(Copy(asked.copy, site.url)) as copy:
                rows = sync(site, copy)
                print(f"{rows} new pageviews, the cursor is {copy.cursor}")
        return 0
    except End as end:
        code, sentence = end.code, str(end)
    except Refused as refused:
        code, sentence = 4, f"the server refuses: {refused}"
    except (OSError, sqlite3.Error) as error:
        code, sentence = 6, f"{asked.copy} can not be used: {error}"
    print(f"sync: {sentence}", file=sys.stderr)
    return code


def be_alone(lock: Any) -> None:
    """Hold the lock until this process ends, however it ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise End(3, "another run is at work on this copy") from None


# From the server to the copy


def sync(site: Site, copy: Copy) -> int:
    """Finish what an earlier run has begun, then fetch what is new; the number of new rows."""
    rows = 0
    while True:
        begun_before = copy.export is not None
        if copy.export is None:
            copy.begin(start_export(site, copy.cursor))
        try:
            rows += take(site, copy)
        except Refused as refused:
            if refused.status not in (404, 410):
                raise
            copy.forget()  # the server has deleted the export: once more
            site.sleep(1)
        else:
            if not begun_before:
                return rows


def start_export(site: Site, cursor: int) -> int:
    """Have everything behind the cursor exported; the export's id.

    If the answer is lost, another one is started. The lost one does no harm: exports only read, and
    the server deletes them after a day.
    """
    body = {"format": "csv", "start_from_hit_id": cursor}
    return int(site.ask("POST", "/export", body)["id"])


def take(site: Site, copy: Copy) -> int:
    """Bring the export that is under way to its end; the number of new rows."""
    rows, failure = 0, None
    if not copy.stored:
        export = finished(site, f"/export/{copy.export}")
        failure = export["error"]
        if not failure:
            fetch(site, copy, export["hash"])
            rows = copy.store(export)
    site.ask("DELETE", f"/export/{copy.export}")
    copy.forget()
    if failure:
        raise End(4, f"the server could not make the export: {failure}")
    return rows


def finished(site: Site, path: str) -> dict[str, Any]:
    """The export, once the server is done with it."""
    polls = 0
    while True:
        export: dict[str, Any] = site.ask("GET", path)
        if export["finished_at"]:
            return export
        site.sleep(POLL_SECONDS[min(polls, len(POLL_SECONDS) - 1)])
        polls += 1


def fetch(site: Site, copy: Copy, expected: str) -> None:
    """Make `copy.part` the export's file, which has the digest `expected`."""
    tries = 0
    while digest(copy.part) != expected:
        site.pause(tries)
        tries += 1
        complete = fetch_rest(site, copy)
        if complete and digest(copy.part) != expected:
            copy.part.unlink()  # damaged on its way: nothing in it can be trusted


def fetch_rest(site: Site, copy: Copy) -> bool:
    """Fetch what is missing in the part, in one try; whether it is all there.

    If-Range has the server send all of another file instead of the rest of it.
    """
    size = copy.part.stat().st_size if copy.part.exists() else 0
    headers = {"Range": f"bytes={size}-", "If-Range": copy.etag} if size and copy.etag else {}
    try:
        answer = site.open("GET", f"/export/{copy.export}/download", headers=headers)
    except Refused as refused:
        if refused.status == 416:  # nothing lies behind what is there
            return True
        raise
    except TROUBLE:
        return False
    with answer:
        if answer.status == 200:  # the whole file, whatever was asked for
            copy.part.write_bytes(b"")
            copy.note(etag=answer.headers["ETag"])
        elif not str(answer.headers["Content-Range"]).startswith(f"bytes {size}-"):
            raise Refused(answer.status, "this is neither the file nor the rest of it")
        missing = int(answer.headers["Content-Length"] or 0)
        with copy.part.open("ab") as part:
            for chunk in chunks(answer):
                part.write(chunk)
                missing -= len(chunk)
                site.sleep(0)  # ends when the time is up
    return missing <= 0


def chunks(answer: Any) -> Iterator[bytes]:
    """The body, as far as it comes."""
    try:
        while chunk := answer.read(1 << 16):
            yield chunk
    except TROUBLE:
        return


def digest(path: Path) -> str:
    """The digest of a file as the server writes it; of a file that is not there, nothing."""
    if not path.exists():
        return ""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return f"sha256-{found.hexdigest()}"


class Site:
    """The site's API. What passes by itself (no network, limits, restarts) is waited for."""

    def __init__(self, url: str, token: str, seconds: float) -> None:
        self.url = url
        self._token = token
        self._deadline = time.monotonic() + seconds
        self._not_before = 0.0
        self._trouble = "the server did not finish"
        self._opener = urllib.request.build_opener(NoRedirects)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON, after as many tries as it takes. Errors: `Refused`, `End`.

        What is to be deleted may be gone.
        """
        tries = 0
        while True:
            try:
                with self.open(method, path, body) as answer:
                    text = answer.read()
                return json.loads(text) if text else None
            except Refused as refused:
                if method == "DELETE" and refused.status == 404:
                    return None
                raise
            except (*TROUBLE, ValueError) as error:  # ValueError: half an answer
                self._trouble = str(error)
                tries += 1
                self.pause(tries)

    def open(self, method: str, path: str, body: Any = None, headers: Any = None) -> Any:
        """A good answer, to be read and closed. Errors: `Refused`, `End`, those of `TROUBLE`."""
        tries = 0
        while True:
            self.sleep(max(0.0, self._not_before - time.monotonic()))
            try:
                return self._open(method, path, body, headers or {})
            except urllib.error.HTTPError as error:
                with error:
                    sentence = sentence_of(error)
                if error.code not in PASSING:
                    raise Refused(error.code, sentence) from None
                self._trouble = sentence
                tries += 1
                self._pause_as_told(error.headers["Retry-After"] or "", tries)

    def pause(self, tries: int) -> None:
        """Wait before another try: longer each time, and not just as long as all others do."""
        if tries:
            self.sleep(min(30, 0.25 * 2**tries) * random.uniform(0.5, 1))  # noqa: S311  # no secret

    def sleep(self, seconds: float) -> None:
        """Wait. Errors: `End` when the time would be up before."""
        if time.monotonic() + seconds >= self._deadline:
            raise End(5, f"the time is up ({self._trouble}); run this again to go on")
        time.sleep(seconds)

    def _open(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        content = None if body is None else json.dumps(body).encode()
        given = {
            **headers,
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(  # noqa: S310  # `main` has looked at the scheme
            f"{self.url}/api/v0{path}", content, given, method=method
        )
        answer = self._opener.open(request, timeout=SOCKET_SECONDS)
        if answer.headers["X-Rate-Limit-Remaining"] == "0":
            self._not_before = time.monotonic() + float(answer.headers["X-Rate-Limit-Reset"])
        return answer

    def _pause_as_told(self, told: str, tries: int) -> None:
        if told.isdigit():
            self.sleep(int(told))
        else:
            self.pause(tries)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """They would carry the key elsewhere, and turn POST into GET."""

    def redirect_request(self, *request: Any) -> None:
        """The last argument is the new address."""
        raise Refused(int(request[2]), f"the address is now {request[-1]}")


def sentence_of(error: urllib.error.HTTPError) -> str:
    """What the server says about an error."""
    try:
        told = json.loads(error.read())
        return str(told.get("error") or told["errors"])
    except (*TROUBLE, ValueError, LookupError, AttributeError):
        return str(error.reason)


class Copy:
    """The local copy: a database, and beside it as much of an export's file as has come."""

    def __init__(self, path: str, url: str) -> None:
        self.part = Path(f"{path}.part")
        self._database = sqlite3.connect(path, isolation_level=None)  # each statement is committed
        self._database.executescript(TABLES)
        self._database.execute("INSERT OR IGNORE INTO sync VALUES (1, ?, 0, NULL, NULL, 0)", [url])
        known, self.cursor, self.export, self.etag, self.stored = self._database.execute(
            "SELECT url, cursor, export, etag, stored FROM sync"
        ).fetchone()
        if known != url:
            raise End(2, f"this is a copy of {known}")

    def begin(self, export_id: int) -> None:
        """An export was started."""
        self.note(export=export_id, etag=None, stored=0)

    def store(self, export: dict[str, Any]) -> int:
        """Add the rows in the part and move the cursor, both or neither; the number of rows."""
        if (export.get("start_from_hit_id") or 0) != self.cursor:
            raise End(4, f"the export {export['id']} does not begin at the cursor {self.cursor}")
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            rows = max(0, self._database.executemany(INSERT, rows_of(self.part)).rowcount)
            if rows != export["num_rows"]:
                raise End(4, f"the export {export['id']} has {rows} rows, not {export['num_rows']}")
            self.note(cursor=max(self.cursor, export["last_hit_id"]), stored=1)
        return rows

    def forget(self) -> None:
        """Nothing is under way any more."""
        if self.part.exists():
            self.part.unlink()
        self.note(export=None, etag=None, stored=0)

    def note(self, **values: Any) -> None:
        """Change the one row of "sync"."""
        for name, value in values.items():
            setattr(self, name, value)
        now = (self.cursor, self.export, self.etag, self.stored)
        self._database.execute("UPDATE sync SET cursor = ?, export = ?, etag = ?, stored = ?", now)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


def rows_of(path: Path) -> Iterator[list[str]]:
    """The rows of an export's file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        if next(lines, None) != COLUMNS.split(","):
            raise End(4, "the export has other columns than this program knows")
        yield from lines


if __name__ == "__main__":
    sys.exit(main())
