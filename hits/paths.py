"""The name under which a page or an event is counted: one spelling for one page."""

import re
from urllib.parse import quote, quote_plus, unquote_to_bytes

NAMELESS_EVENT = "(no event name)"

# Marks that other services hang on a link. They say how a visitor came, never which page it is,
# and each of them would make a new page of every click.
_MARKS = frozenset(
    {
        "fbclid",
        "gclid",
        "mc_cid",
        "mc_eid",
        "nsukey",
        "ref",
        "isappinstalled",
        "continueFlag",
        "__cf_chl_captcha_tk__",
        "__cf_chl_jschl_tk__",
        "_x_tr_sl",
        "_x_tr_hl",
        "_x_tr_pto",
        "_x_tr_tl",
        # Click numbers that came into use later; each is different for every click, too.
        "gbraid",
        "wbraid",
        "dclid",
        "msclkid",
        "yclid",
        "twclid",
        "ttclid",
        "igshid",
        "srsltid",
    }
)
_WECHAT_SHARES = frozenset({"from=singlemessage", "from=groupmessage"})

_SAVED_OFFLINE = re.compile(
    r"/storage/emulated/0/Android/data/jonas\.tool\.saveForOffline/files/[^/]+/(.*)", re.S
)
_ARCHIVED = re.compile(r"/web/20\d{12}(?:[a-z]{2}_)?/https?:/+[^/?#]*([^#]*)", re.S)
_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))
"""All that `str.strip` takes away; more of it may stand behind what is taken away here."""
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[\x00-\x1f\x7f]")
_ENCODED_PATH = re.compile(r"[\w.~!$&'()*+,;=:@/\[\]%-]*", re.ASCII)
_ENCODED_VALUE = re.compile(r"[\w.~+-]*", re.ASCII)


def clean_path(path: str, *, event: bool) -> str:
    """Give the one spelling of a path or event name, of any length and content; never raises.

    A page always starts with one slash, has none at its end, no tracking marks, and its query
    sorted by key. '' means that nothing is left, so the hit has no path at all.
    Source: part 3.4 of the behaviour page.
    """
    path = path.strip()
    if event:
        return path.lstrip("/" + _BLANKS) or NAMELESS_EVENT
    return _clean_page(path) if path else ""


def is_noise(path: str) -> bool:
    """Tell whether a path is never worth a row: scanners, pasted HTML, the browser's own icon."""
    return (
        path == "/favicon.ico"
        or path.startswith("/servlet/redirect.srv/")
        or "<html>" in path
        or "<HTML>" in path
    )


def _clean_page(path: str) -> str:
    path = _at_home("/" + path.strip("/")).rstrip("?&" + _BLANKS)
    if "?" in path:
        path = _without_marks(path)
    return "/" + path.lstrip("/").rstrip("/?&" + _BLANKS)


def _at_home(path: str) -> str:
    """Give the path on the site itself of a page read from a saved or archived copy."""
    if saved := _SAVED_OFFLINE.fullmatch(path):
        return "/" + saved[1]
    if archived := _ARCHIVED.match(path):
        return archived[1] if archived[1].startswith("/") else "/" + archived[1]
    return path


def _without_marks(path: str) -> str:
    rest, hash_sign, fragment = path.partition("#")
    page, _, query = rest.partition("?")
    if _BAD_ESCAPE.search(page):
        return path  # not a URL: GoatCounter leaves these alone, so the rows stay comparable
    query = "&".join(sorted(_kept_pairs(query), key=_key_of))
    page = _encoded_path(page)
    return f"{page}?{query}{hash_sign}{fragment}" if query else page + hash_sign + fragment


def _kept_pairs(query: str) -> list[str]:
    pairs = [_encoded_pair(pair) for pair in query.split("&") if pair]
    return [pair for pair in pairs if not _is_mark(pair)]


def _is_mark(pair: str) -> bool:
    return pair.startswith("utm_") or _key_of(pair) in _MARKS or pair in _WECHAT_SHARES


def _key_of(pair: str) -> str:
    return pair.partition("=")[0]


def _encoded_pair(pair: str) -> str:
    key, _, value = pair.partition("=")
    return f"{_encoded_value(key)}={_encoded_value(value)}"


def _encoded_value(text: str) -> str:
    if _ENCODED_VALUE.fullmatch(text):
        return text
    # Through bytes, so that escapes which are not UTF-8 come out as they went in.
    return quote_plus(unquote_to_bytes(text.replace("+", " ").encode("utf-8", "replace")))


def _encoded_path(page: str) -> str:
    if _ENCODED_PATH.fullmatch(page):
        return page
    return quote(unquote_to_bytes(page.encode("utf-8", "replace")), safe="/$&+,:;=@")
