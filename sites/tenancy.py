"""Which tenant a host name means, and what a tenant is for everybody else: a small value.

Pure: no database, no settings, of the framework nothing but translations.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

Network = IPv4Network | IPv6Network

NEW_SITE_COLLECT = 446
"""The collect switches of a new site: all of part 3.8 but the language (64), so with the individual
pageviews (256) that an export consists of (contract, decision 8)."""

DEFAULT_REGIONS = "US,RU,CN"
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_RESERVED_WORDS = """
www mail smtp imap static admin ns1 ns2 m mobile api dev test beta new staging debug pprof chat
example yoursite sql license stat stats
"""
RESERVED = frozenset(_RESERVED_WORDS.split())

_LONGEST_HEADER = 300  # a host name has at most 253 characters; then a port
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_-][a-z0-9_.-]*?)\.?)(?::[0-9]*)?")
_CODE = re.compile(r"[a-z0-9-]{1,50}")
_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SiteRef:
    """An active site as the other rooms see it; made by `queries`, kept by the directory."""

    id: int
    account_id: int
    code: str
    is_primary: bool = True
    cname: str | None = None
    cname_ready: bool = False
    link_domain: str = ""
    public: str = "private"
    secret: str = field(default="", repr=False)
    allow_counter: bool = False
    allow_embed: tuple[str, ...] = ()
    data_retention: int = 0
    collect: int = NEW_SITE_COLLECT
    collect_regions: tuple[str, ...] = ("US", "RU", "CN")
    ignore_ips: tuple[Network, ...] = ()

    def ignores(self, address: str) -> bool:
        """Whether hits from `address` are not to be counted; text that is no address never is."""
        if not self.ignore_ips:
            return False
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.ignore_ips)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a host name asks for; `name` is the code, the cname or the host itself."""

    by: Literal["code", "cname", "domain", "local", "nothing"]
    name: str


def normalise_host(header: str) -> str:
    """The name in a Host header, lower case, without port, final dot, brackets; '' for nonsense."""
    # Measured before it is remembered: long headers would fill the memory through the cache.
    return _normalise(header) if len(header) <= _LONGEST_HEADER else ""


@lru_cache(10_000)
def _normalise(header: str) -> str:
    match = _HOST.fullmatch(header.strip().lower())
    return (match[1] or match[2]) if match else ""


def wanted(host: str, domain: str) -> Wanted:
    """What `host` (normalised) means on a service whose own name is `domain`.

    When the service's name is a local name, they are the same name: "local".
    """
    if host in LOCAL_NAMES:
        return Wanted("local", host)
    if host == domain:
        return Wanted("domain", host)
    if host.endswith("." + domain):
        code = host.removesuffix("." + domain)
        return Wanted("code", code) if _CODE.fullmatch(code) else Wanted("nothing", host)
    return Wanted("cname" if "." in host else "nothing", host)


def site_url(site: SiteRef, *, scheme: str, domain: str, port: str) -> str:
    """Where the site is reached: its own domain once that works, else its code.

    `port` is '' or starts with a colon.
    """
    host = site.cname if site.cname and site.cname_ready else f"{site.code}.{domain}"
    return f"{scheme}://{host}{port}"


def code_problem(code: str) -> str | None:
    """The rule that `code` breaks, as one sentence; None if it is good."""
    if not 2 <= len(code) <= 50:
        return _("the code must have 2 to 50 characters")
    if not _CODE.fullmatch(code):
        return _("the code can hold only the letters a to z, digits and -")
    if code.startswith("-") or code.endswith("-"):
        return _("the code cannot start or end with -")
    if code in RESERVED:
        return _("the code ‘%(code)s’ is reserved") % {"code": code}
    return None


def cname_problem(cname: str, domain: str) -> str | None:
    """The rule that a site's own domain breaks on a service whose name is `domain`; None if it is good."""
    if cname == domain or cname.endswith(f".{domain}"):
        return (
            f"sites below {domain} are reached by their codes; a domain of their own lies elsewhere"
        )
    labels = cname.split(".")
    if len(cname) > 253 or len(labels) < 2 or not all(map(_DNS_LABEL.fullmatch, labels)):
        return (
            "the domain must be a host name such as stats.example.org, in ASCII (xn--… for others)"
        )
    if labels[-1].isdigit() or labels[-1] == "localhost":
        return "the domain must be a name that others can look up, not an address"
    return None


def link_domain_problem(text: str) -> str | None:
    """The rule that a link domain (a domain or a URL; '' for none) breaks; None if it is good."""
    if not text:
        return None
    if not 4 <= len(text) <= 255:
        return "the link domain must have 4 to 255 characters"
    if not _is_web_address(text):
        return "the link domain must be a domain such as example.com, or a URL"
    return None


def setting_problem(name: str, value: object) -> str | None:
    """The rule that a new value of a site's setting breaks, as one sentence; None if it is good."""
    if name == "collect" and not 0 <= int(str(value)) < 512:
        return "collect must be a sum of switches from 1 to 511"
    if name == "collect_regions":
        wrong = [item for item in split_list(str(value)) if not re.fullmatch(r"[A-Z]{2}", item)]
        return f"‘{wrong[0]}’ is not a country code such as US" if wrong else None
    if name == "ignore_ips":
        items = split_list(str(value))
        wrong = [item for item in items if not networks(item)]
        return f"‘{wrong[0]}’ is not an address or a network" if wrong else None
    return None


def split_list(text: str) -> tuple[str, ...]:
    """The items of a comma list as settings store and the API sends it (part 0.4)."""
    return tuple(item for item in re.split(r"[,\s]+", text) if item)


def networks(text: str) -> tuple[Network, ...]:
    """The addresses (or ranges) in a comma list; what is neither is left out."""
    return tuple(_networks(split_list(text)))


def _networks(items: tuple[str, ...]) -> Iterator[Network]:
    for item in items:
        try:
            yield ip_network(item, strict=False)
        except ValueError:
            continue


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host = parts.hostname or ""
    except ValueError:
        return False
    labels = host.split(".")
    good = len(labels) >= 2 and all(_LABEL.fullmatch(label) for label in labels)
    return good and parts.scheme in ("http", "https") and not re.search(r"\s", text)
