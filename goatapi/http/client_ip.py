"""The client's address. Forwarded headers count only from proxies that the operator has named."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from goatapi.env import Network

Address = IPv4Address | IPv6Address


def client_ip(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The right-most address of the chain `forwarded_for`, `peer` that is not a trusted proxy.

    `peer` is the socket's address, `forwarded_for` all X-Forwarded-For values joined by commas.
    Without trusted proxies this is `peer`: anybody can send the header (weak point W28).
    """
    networks = tuple(trusted)
    if networks and forwarded_for and _judged(peer, networks)[1]:
        for text in reversed(forwarded_for.split(",")):
            address, is_proxy = _judged(text, networks)
            if not is_proxy:
                return address or plain_address(peer)
    return plain_address(peer)


@lru_cache(10_000)
def plain_address(text: str) -> str:
    """An address in its one spelling: IPv4 in IPv6 is unmapped, so that limits and lists see one form.

    What is no address stays as it is.
    """
    text = text.strip()
    address = _parse(text)
    if address is None:
        return text
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@lru_cache(10_000)
def _judged(text: str, trusted: tuple[Network, ...]) -> tuple[str, bool]:
    """An address in its one spelling ('' for what is none), and whether it is a trusted proxy's.

    Both at once, because every visitor's address is new here, and reading it is what takes the time.
    """
    address = _parse(text.strip())
    if address is None:
        return "", False
    plain = getattr(address, "ipv4_mapped", None) or address
    return str(plain), any(plain in network for network in trusted)


def _parse(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
