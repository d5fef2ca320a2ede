"""Sends the same 500 varied pageviews to Goatapi and to a GoatCounter, and compares what they export.

    python bench/wire.py OURS TOKEN PEER PEER_TOKEN [PEER_HOST]

OURS and PEER are base addresses, such as http://127.0.0.1:8000. Both sites must store individual
pageviews (collect 510) and have no rate limits; the keys need count and export. Half of the hits go
by the API, half by `/count`. Every difference is listed by column with its reason; one that has no
reason here ends the script with exit code 1.

How to get a peer: docs/peer.md. The script holds nothing of it.
"""

import csv
import gzip
import io
import json
import random
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

SEED = 20_260_823
START = datetime(2025, 3, 1, tzinfo=UTC)
COLUMNS = [
    "Path", "Title", "Event", "UserAgent", "Browser", "System", "Session", "Bot", "Referrer",
    "Referrer scheme", "Screen size", "Location", "FirstVisit", "Date",
]  # fmt: skip

PATHS = [
    "/", "/a", "/A", "/a/", "//a//", "/a?b=1&a=2", "/a?utm_source=x&b=1", "/a?fbclid=zz", "/a?",
    "/a/?fbclid=zz", "/page.html", "no-slash", "/ümlaut", "/with space", "/q?x=%20y", "/a,b", '/"quoted"',
    "/web/20200104233523/https://www.example.org/tmux.html", "/web/20190820072242/https://example.org?a=b&c=d",
    "/web/assets/x.svg", "/storage/emulated/0/Android/data/jonas.tool.saveForOffline/files/12/rest",
    "/a#fragment", "/?from=singlemessage", "/?ref=x", "/favicon.ico", "/x<html>", "/a?b=c&gclid=1",
]  # fmt: skip
TITLES = ["", "Title", " padded ", 'Say "hi"', "a, b", "Grüße", "line\nbreak"]
REFS = [
    "", "https://example.org", "https://example.org/", "https://example.org/page?x=1", "http://EXAMPLE.org/P",
    "https://www.google.com/search?q=x", "https://google.nl", "https://yandex.ru/x", "https://search.yahoo.com",
    "https://news.ycombinator.com/item?id=1", "https://hckrnews.com", "https://mail.google.com/mail",
    "https://old.reddit.com/r/python/top", "https://np.reddit.com/r/x/.compact", "https://m.facebook.com/x",
    "https://t.co/abc?amp=1", "https://lobste.rs/t/x", "https://lobste.rs/s/abc/title",
    "https://getpocket.com/read/1", "https://en.m.wikipedia.org/wiki/X", "https://link.oreilly.com/x",
    "android-app://com.andrewshu.android.reddit", "android-app://com.unknown.app", "newsletter",
    "June Newsletter", "xx:", "https://www.inoreader.com/x", "https://baidu.com/s", "https://semalt.com/x",
]  # fmt: skip
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/142.0.0.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
    "Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Safari/537.36 OPR/120.0.0.0",
    "Mozilla/5.0 (X11; FreeBSD amd64; rv:130.0) Gecko/20100101 Firefox/130.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "curl/8.5.0",
]  # fmt: skip
IPS = ["51.171.91.33", "66.66.66.67", "8.8.8.8", "185.15.59.224", "1.2.3.4", "200.160.2.3"]
SIZES = ["", "1920", "1920,1080", "1920,1080,2", "360,800,3", "0", "42"]
LOCATIONS = ["", "NL", "US", "US-TX", "DE-BY"]
QUERIES = [
    "",
    "utm_source=mail",
    "?utm_campaign=spring",
    "utm_campaign=spring&utm_source=mail",
    "ref=AAA",
    "x=y",
]

Row = dict[str, str]


@dataclass(frozen=True)
class Server:
    """One side: its address, key, and the Host to ask for."""

    name: str
    url: str
    token: str
    host: str = ""

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """An API call's answer as a value, or bytes for a download."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answer = self._open(method, f"/api/v0{path}", data, headers)
        return answer if path.endswith("/download") else json.loads(answer)

    def pixel(self, query: dict[str, str], headers: dict[str, str]) -> None:
        """One `/count`."""
        self._open("GET", f"/count?{urlencode(query)}", None, headers)

    def _open(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> bytes:
        if self.host:
            headers = headers | {"Host": self.host}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            if path.startswith("/count") or error.code == 400:
                return error.read()
            raise


def api_hits(rng: random.Random) -> list[dict[str, Any]]:
    """250 hits for the API, each with a second of its own."""
    hits = []
    for number in range(250):
        hit: dict[str, Any] = {
            "path": rng.choice(PATHS),
            "title": rng.choice(TITLES),
            "event": rng.random() < 0.1,
            "ref": rng.choice(REFS),
            "user_agent": rng.choice(AGENTS),
            "ip": rng.choice(IPS),
            "size": rng.choice(SIZES),
            "location": rng.choice(LOCATIONS),
            "query": rng.choice(QUERIES),
            "created_at": f"{START + timedelta(seconds=90 * number):%Y-%m-%dT%H:%M:%SZ}",
        }
        hits.append({key: value for key, value in hit.items() if value not in ("", False)})
    return hits


def pixel_hits(rng: random.Random) -> list[tuple[dict[str, str], dict[str, str]]]:
    """250 requests for `/count`: query and headers. The path tells them apart."""
    hits = []
    for number in range(250):
        query = {
            "p": f"/pixel/{number}",
            "t": rng.choice(TITLES),
            "r": rng.choice(REFS),
            "s": rng.choice(SIZES),
            "q": rng.choice(QUERIES),
        }
        headers = {
            "User-Agent": rng.choice(AGENTS),
            "Accept-Language": rng.choice(["nl", "en-US,en;q=0.5", "de"]),
            "X-Forwarded-For": rng.choice(IPS),
        }
        hits.append(({key: value for key, value in query.items() if value}, headers))
    return hits


def send(server: Server) -> None:
    """All 500, in order."""
    rng = random.Random(SEED)
    hits = api_hits(rng)
    for start in range(0, len(hits), 50):
        server.api("POST", "/count", {"no_sessions": True, "hits": hits[start : start + 50]})
    for query, headers in pixel_hits(rng):
        server.pixel(query, headers)


def exported(server: Server) -> list[Row]:
    """The rows that the server exports."""
    export = server.api("POST", "/export", {})  # an older peer knows no `format`
    deadline = time.monotonic() + 120
    while export.get("finished_at") is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{server.name} does not finish its export")
        time.sleep(0.5)
        export = server.api("GET", f"/export/{export['id']}")
    text = gzip.decompress(server.api("GET", f"/export/{export['id']}/download")).decode()
    return [
        dict(zip(COLUMNS, row, strict=True))
        for row in list(csv.reader(io.StringIO(text, newline="")))[1:]
    ]


def keyed(rows: list[Row]) -> dict[str, Row]:
    """Rows by what tells them apart: the second for the API's, the path for the pixel's."""
    return {row["Path"] if row["Path"].startswith("/pixel/") else row["Date"]: row for row in rows}


def sent_by_key() -> dict[str, dict[str, Any]]:
    """What was sent, by the same keys."""
    rng = random.Random(SEED)
    sent = {hit["created_at"]: hit for hit in api_hits(rng)}
    for query, headers in pixel_hits(rng):
        sent[query["p"]] = {
            "path": query["p"], "ref": query.get("r", ""), "user_agent": headers["User-Agent"],
            "title": query.get("t", ""), "query": query.get("q", ""), "ip": headers["X-Forwarded-For"], "pixel": True,
        }  # fmt: skip
    return sent


Reason = Callable[[dict[str, Any], str, str], bool]

REASONS: list[tuple[str, str, Reason]] = [
    ("Referrer", "the peer does not clean referrers sent by its API", lambda s, o, t: not s.get("pixel")),
    ("Referrer scheme", "the peer gives referrers sent by its API the scheme o", lambda s, o, t: t in "oc" and not s.get("pixel")),
    ("Referrer", "of a hit with a campaign but no source the peer leaves the referrer as it was sent", lambda s, o, t: (
        "campaign" in s.get("query", "") and "source" not in s.get("query", ""))),
    ("Referrer", "free text is left alone here, percent-encoded there", lambda s, o, t: "://" not in s.get("ref", "")),
    ("Referrer", "hosts are lower-cased here", lambda s, o, t: o == t.replace("EXAMPLE.org", "example.org")),
    ("Browser", "Edge, Opera, Samsung Internet and browsers on iOS have their own names here", lambda s, o, t: any(
        mark in s.get("user_agent", "") for mark in ("Edg/", "OPR/", "SamsungBrowser", "CriOS"))),
    ("System", "Chrome OS has no version here (it is a build number)", lambda s, o, t: "CrOS" in s.get("user_agent", "")),
    ("Title", "white space in titles is folded here", lambda s, o, t: o == " ".join(t.split())),
    ("Title", "the newest title of a path counts here, the first until ten repetitions there", lambda s, o, t: (
        not s.get("pixel"))),
    ("Path", "the first spelling of a path is kept: the two stored another one first", lambda s, o, t: o.lower() == t.lower()),
    ("Path", "blanks and umlauts are left alone where the path has no query to clean", lambda s, o, t: "%" in t),
    ("Path", "an emptied query leaves no trailing slash here", lambda s, o, t: o.rstrip("/") == t.rstrip("/")),
    ("Location", "another table of countries", lambda s, o, t: not s.get("location")),
    ("Location", "regions are kept for US, RU, CN only", lambda s, o, t: o.startswith(t) or t.startswith(o)),
    ("missing here", "referrer spam", lambda s, o, t: "semalt" in s.get("ref", "")),
    ("missing here", "a bot by our longer list", lambda s, o, t: "bot" in s.get("user_agent", "").lower()),
]  # fmt: skip


def reason(column: str, sent: dict[str, Any], ours: str, theirs: str) -> str:
    """Why the two differ; '' when nothing here explains it."""
    for name, text, holds in REASONS:
        if name == column and holds(sent, ours, theirs):
            return text
    return ""


def differences(
    ours: dict[str, Row], theirs: dict[str, Row]
) -> Iterator[tuple[str, str, str, str]]:
    """(column, ours, theirs, reason) for each cell that differs. Sessions are compared by who shares one."""
    sent = sent_by_key()
    for key in sent:
        mine, other = ours.get(key), theirs.get(key)
        if mine is None or other is None:
            if mine is not other:
                column = "missing here" if mine is None else "missing there"
                yield column, str(mine), str(other), reason(column, sent[key], "", "")
            continue
        for column in COLUMNS:
            if column not in ("Session", "Date") and mine[column] != other[column]:
                yield (
                    column,
                    mine[column],
                    other[column],
                    reason(column, sent[key], mine[column], other[column]),
                )


def session_groups(rows: dict[str, Row]) -> set[frozenset[str]]:
    """Which hits share a session, whatever it is called: the API's among themselves, since they lie
    a year back and windows go by the hits' own time here, by arrival there."""
    groups: dict[tuple[str, bool], set[str]] = {}
    for key, row in rows.items():
        groups.setdefault((row["Session"], key.startswith("/pixel/")), set()).add(key)
    return {frozenset(group) for group in groups.values()}


def main(arguments: list[str]) -> int:
    """The exit code: 0 when every difference has its reason."""
    if len(arguments) not in (4, 5):
        print(__doc__)
        return 2
    servers = Server("ours", *arguments[:2]), Server("peer", *arguments[2:])
    for server in servers:
        send(server)
    time.sleep(15)  # the peer stores every ten seconds
    ours, theirs = (keyed(exported(server)) for server in servers)
    shared = ours.keys() & theirs.keys()
    print(f"500 sent; exported {len(ours)} here, {len(theirs)} there; {len(shared)} by both")
    found = Counter((column, why) for column, _, _, why in differences(ours, theirs))
    for (column, why), count in sorted(found.items()):
        print(f"{column:16} {count:4}  {why or 'WITHOUT A REASON'}")
    for column, mine, other, why in differences(ours, theirs):
        if not why:
            print(f"  {column}: here {mine!r}, there {other!r}")
    same = session_groups({k: ours[k] for k in shared}) == session_groups(
        {k: theirs[k] for k in shared}
    )
    print(f"sessions: {'the same groups' if same else 'other groups'}")
    return int(any(not why for _, why in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
