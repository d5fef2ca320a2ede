"""Where a visitor came from: one short text for many spellings, and the spam to turn away."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

HTTP: Final = "h"
GROUP: Final = "g"
CAMPAIGN: Final = "c"
OTHER: Final = "o"

# Nothing here may fail on any text, so this is no strict URL grammar: it takes apart what a
# browser can send. The user name of an address is left out: it may be a secret.
_URL = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?//(?:[^/?#\s]*@)?(?P<host>[^/?#\s@]+)"
    r"(?P<path>(?:/[^?#]*)?)(?:\?[^#]*)?(?P<fragment>#.*)?",
    re.S,
)
_EMPTY_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?://)?")

_ALIASES = {
    "en.m.wikipedia.org": "en.wikipedia.org",
    "m.facebook.com": "www.facebook.com",
    "m.habr.com": "habr.com",
    "old.reddit.com": "www.reddit.com",
    "i.reddit.com": "www.reddit.com",
    "np.reddit.com": "www.reddit.com",
    "fr.reddit.com": "www.reddit.com",
}
_MEMBERS = {
    "Hacker News": "news.ycombinator.com hn.algolia.com hckrnews.com hn.premii.com"
    " com.stefandekanski.hackernews.free io.github.hidroh.materialistic hackerweb.app"
    " www.daemonology.net/hn-daily quiethn.com hnews.xyz hackernewsmobile.com",
    "Email": "mail.google.com com.google.android.gm mail.yahoo.com",
    "RSS": "org.fox.ttrss www.inoreader.com com.innologica.inoreader usepanda.com feedly.com",
    "Google": "com.google.android.googlequicksearchbox"
    " com.google.android.googlequicksearchbox/https/www.google.com",
    "www.reddit.com": "com.andrewshu.android.reddit com.laurencedawson.reddit_sync"
    " com.laurencedawson.reddit_sync.dev com.laurencedawson.reddit_sync.pro",
    "www.facebook.com": "m.facebook.com l.facebook.com lm.facebook.com",
    "Telegram Messenger": "org.telegram.messenger",
    "Slack Chat": "com.slack",
    "Baidu": "baidu.com c.tieba.baidu.com m.baidu.com tieba.baidu.com www.baidu.com",
}
_GROUPS = {member: group for group, members in _MEMBERS.items() for member in members.split()}
_ONE_PAGE = {
    "link.oreilly.com": "link.oreilly.com",
    "getpocket.com": "getpocket.com",
    "app.getpocket.com": "getpocket.com",
}
_REDDIT_VIEWS = ("/top", "/new", "/search", ".compact")


def _listed_domains(file: Path) -> frozenset[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


_SPAM = _listed_domains(Path(__file__).parent / "data" / "refspam.txt")


@lru_cache(maxsize=4096)
def clean_referrer(ref: str) -> tuple[str, str]:
    """Shorten a referrer, as the client sent it, to (text, scheme); never raises.

    Schemes: 'h' a web address (host and path, no query), 'g' a named group such as Google,
    'o' anything else (free text, an app), never 'c': campaigns come from the page's query.
    Without a referrer: ('', 'o'). Feed it the original text, once: cleaned text has lost its
    scheme and would come back as 'o'. Source: part 3.4 of the behaviour page.
    """
    ref = ref.strip()
    url = _URL.fullmatch(ref)
    text, scheme = _clean_url(url) if url else _clean_text(ref)
    text = text.rstrip("/ ")
    return (text, scheme) if text else ("", OTHER)


@lru_cache(maxsize=4096)
def is_refspam(ref: str) -> bool:
    """Tell whether the referrer's host, or a domain above it, is known for referrer spam.

    An address without `https://` is looked at, too: leaving it off is no way around.
    """
    host = _host_of(ref.strip())[-255:]  # the longest a name can be in the DNS
    while host:
        if host in _SPAM:
            return True
        host = host.partition(".")[2]
    return False


def _host_of(ref: str) -> str:
    url = _URL.fullmatch(ref)
    host = url["host"] if url else re.split(r"[/?#]", ref, maxsplit=1)[0]
    return host.partition(":")[0].rstrip(".").lower()


def _clean_text(ref: str) -> tuple[str, str]:
    if _EMPTY_URL.fullmatch(ref):
        return "", OTHER
    if ref.startswith("/"):
        return _without_query(ref), OTHER
    group = _GROUPS.get(ref.rstrip("/").lower())
    return (group, GROUP) if group else (ref, OTHER)


def _without_query(path: str) -> str:
    return re.sub(r"\?[^#]*", "", path, count=1)


def _clean_url(url: re.Match[str]) -> tuple[str, str]:
    web = (url["scheme"] or "").lower() in ("http", "https")
    host, path = url["host"].lower() if web else url["host"], url["path"]
    host = _ALIASES.get(host, host)
    if group := _group_of(host.lower(), path):
        return group, GROUP
    return _page_of(host, path) + (url["fragment"] or ""), HTTP if web else OTHER


def _group_of(host: str, path: str) -> str:
    if host.startswith(("www.google.", "google.")):
        return "Google"
    if "yandex." in host:
        return "Yandex"
    if "search.yahoo.com" in host:
        return "Yahoo"
    return _GROUPS.get(host) or _GROUPS.get(host + path.rstrip("/").lower(), "")


def _page_of(host: str, path: str) -> str:
    if host in _ONE_PAGE:
        return _ONE_PAGE[host]
    if host in ("lobste.rs", "gambe.ro") and not path.startswith("/s/"):
        return "lobste.rs"
    if host == "www.reddit.com":
        return host + _without_view(path.rstrip("/"))
    if host == "t.co" and path.strip("/"):
        return "twitter.com/search?q=" + quote("https://t.co" + path, safe="", errors="replace")
    return host + path


def _without_view(path: str) -> str:
    view = next((view for view in _REDDIT_VIEWS if path.endswith(view)), "")
    return path.removesuffix(view)
