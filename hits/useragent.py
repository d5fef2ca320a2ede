"""Browser and system of a User-Agent header, under the names GoatCounter gives them."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from ua_parser import OS, Domain, PartialResult, load_lazy_builtins
from ua_parser import UserAgent as Product
from ua_parser.regex import Resolver


@dataclass(frozen=True, slots=True)
class UserAgent:
    """What a User-Agent header tells; '' for what it does not tell."""

    browser: str = ""  # Chrome, Firefox, Safari, Edge …
    browser_version: str = ""  # the major number; major.minor of a few, such as Safari
    system: str = ""  # Windows, macOS, iOS, Android, Linux, Chrome OS …
    system_version: str = ""  # '10', '10.15', 'XP'; of Linux the distribution


UNKNOWN = UserAgent()

_BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Chromium": "Chrome",
    "HeadlessChrome": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Apple Mail": "Safari",  # a guess of the parser: any app on macOS that shows a page
    "Edge Mobile": "Edge",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "IE Large Screen": "Internet Explorer",
    "Opera Mobile": "Opera",
    "Opera Touch": "Opera",
    "Opera Tablet": "Opera",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Pale Moon": "PaleMoon",
    "Android": "Android Browser",
}
_WITH_MINOR = {"Safari", "PaleMoon", "Basilisk", "Dillo"}
# These send the number of their engine where others send their own.
_UNVERSIONED = {"Apple Mail", "Epiphany", "Android"}

_SYSTEMS = {
    "Mac OS X": "macOS",
    "Mac OS": "macOS",
    "ATV OS X": "tvOS",
    "WatchOS": "watchOS",
    "Solaris": "SunOS",
    "Web0S": "webOS",
}
_DISTRIBUTIONS = {
    "Arch Linux",
    "CentOS",
    "Debian",
    "Fedora",
    "Gentoo",
    "Kubuntu",
    "Linux Mint",
    "Mageia",
    "Mandriva",
    "PCLinuxOS",
    "Puppy",
    "Red Hat",
    "Slackware",
    "SUSE",
    "Ubuntu",
    "VectorLinux",
}
_NO_SYSTEM_VERSION = {"Chrome OS"}  # only the build of the platform, which nobody knows by heart

# What the parser has no rule for; looked for in this order.
_RARE_SYSTEMS = {
    "DragonFly": "DragonFly BSD",
    "PlayStation 4": "PlayStation 4",
    "PlayStation 5": "PlayStation 5",
    "OpenHarmony": "HarmonyOS",
    "Haiku": "Haiku",
    "Fuchsia": "Fuchsia",
    "J2ME/": "Java ME",
    "MAUI Runtime": "MAUI Runtime",
}
_BY_NAME = re.compile(r"\b(Basilisk|Firefox|Chrome|Chromium)/(\d{1,5})(?:\.(\d{1,5}))?")
_FIRST_PRODUCT = re.compile(r"(?!Mozilla/)([A-Za-z][\w .-]{0,39})/(\d{1,5})(?:\.(\d{1,5}))?", re.A)


@lru_cache(maxsize=10_000)
def describe(user_agent: str) -> UserAgent:
    """Name the browser and system of a User-Agent header; never raises.

    The first call for a header takes some 20 µs, and the very first one 60 ms more to load the
    rules: a server should make one at its start. Source: part 3.7 of the behaviour page, but
    Edge, Opera, Samsung Internet, Vivaldi … and the browsers of iOS go by their own names.
    """
    if not user_agent:
        return UNKNOWN
    # Half a surrogate pair can come out of JSON, and the parser takes only real text.
    text = user_agent.encode("utf-8", "replace").decode()
    result = _rules()(text, Domain.USER_AGENT | Domain.OS)
    system, system_version = _system(text, result.os)
    browser, browser_version = _browser(text, result)
    return UserAgent(browser, browser_version, system, system_version)


@cache
def _rules() -> Resolver:
    browsers, systems, _ = load_lazy_builtins()
    return Resolver((browsers, systems, []))  # devices are half of the load and not asked for


def _browser(text: str, result: PartialResult) -> tuple[str, str]:
    product = result.user_agent
    if product is None or product.family == "Android":
        product = _product_in(text) or product
    if product is None:
        return "", ""
    name = _BROWSERS.get(product.family, product.family)
    return name, _browser_version(name, product, result.os)


def _product_in(text: str) -> Product | None:
    if found := _BY_NAME.search(text) or _FIRST_PRODUCT.match(text):
        return Product(found[1].strip(), found[2], found[3])
    return None


def _browser_version(name: str, product: Product, system: OS | None) -> str:
    if product.family in _UNVERSIONED:
        return ""
    if product.family == "Mobile Safari UI/WKWebView" and system:
        return _dotted(system.major, system.minor)  # an app's window: as old as its system
    return _dotted(product.major, product.minor if name in _WITH_MINOR else None)


def _system(text: str, system: OS | None) -> tuple[str, str]:
    if system is None:
        return next((name for mark, name in _RARE_SYSTEMS.items() if mark in text), ""), ""
    if system.family in _DISTRIBUTIONS:
        return "Linux", system.family
    name = _SYSTEMS.get(system.family, system.family)
    return name, "" if name in _NO_SYSTEM_VERSION else _system_version(name, system)


def _system_version(name: str, system: OS) -> str:
    if name == "Linux":
        return ""  # a kernel's number says nothing about a visitor
    trimmed = name == "Android" and system.minor == "0"
    return _dotted(system.major, None if trimmed else system.minor)


def _dotted(major: str | None, minor: str | None) -> str:
    if not major:
        return ""
    return f"{major}.{minor}" if minor else major
