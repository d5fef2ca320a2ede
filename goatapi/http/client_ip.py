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
    if not trusted or not forwarded_for or not _is_trusted(peer, tuple(trusted)):
        return plain_address(peer)
    for text in reversed(forwarded_for.split(",")):
        address = plain_address(text.strip())
        if _parse(address) is None:
            break
        if not _is_trusted(address, tuple(trusted)):
            return address
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
def _is_trusted(text: str, trusted: tuple[Network, ...]) -> bool:
    address = _parse(plain_address(text))
    return address is not None and any(address in network for network in trusted)


def _parse(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
