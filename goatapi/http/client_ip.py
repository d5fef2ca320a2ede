"""The client's address. Forwarded headers count only from proxies that the operator has named."""

from collections.abc import Sequence
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from socket import AF_INET, inet_pton

from goatapi.env import Network

Address = IPv4Address | IPv6Address


def client_ip(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The right-most address of the chain `forwarded_for`, `peer` that is not a trusted proxy.

    `peer` is the socket's address, `forwarded_for` all X-Forwarded-For values joined by commas.
    Without trusted proxies this is `peer`: anybody can send the header (weak point W28).
    """
    return chain_behind(tuple(trusted)).client(peer, forwarded_for)


class Chain:
    """`client_ip` for one set of trusted proxies: for who asks it at every request."""

    def __init__(self, trusted: tuple[Network, ...]) -> None:
        self._trusted = trusted
        self._masks = [
            (int(network.netmask), int(network.network_address))
            for network in trusted
            if isinstance(network, IPv4Network)
        ]
        # Proxies come again and again, with each address that they forward.
        self._is_proxy = lru_cache(1000)(lambda text: self._judged(text)[1])

    def __bool__(self) -> bool:
        return bool(self._trusted)

    def client(self, peer: str, forwarded_for: str) -> str:
        """See `client_ip`."""
        if forwarded_for and self._is_proxy(peer):
            for text in reversed(forwarded_for.split(",")):
                address, is_proxy = self._judged(text)
                if not is_proxy:
                    return address or plain_address(peer)
        return plain_address(peer)

    def _judged(self, text: str) -> tuple[str, bool]:
        """An address in its one spelling ('' for what is none), and whether it is a trusted proxy's."""
        text = text.strip()
        number = _dotted(text)
        if number is None:
            address = _plain(text)
            is_proxy = address is not None and any(address in each for each in self._trusted)
            return str(address or ""), is_proxy
        for mask, network in self._masks:
            if number & mask == network:
                return text, True
        return text, False


chain_behind = cache(Chain)


@lru_cache(10_000)
def plain_address(text: str) -> str:
    """An address in its one spelling: IPv4 in IPv6 is unmapped, so that limits and lists see one form.

    What is no address stays as it is.
    """
    text = text.strip()
    return text if _dotted(text) is not None else str(_plain(text) or text)


def subscriber(text: str) -> str:
    """Whose address this is, for limits: everybody with IPv6 has a whole /64 to send from."""
    address = None if _dotted(text) is not None else _plain(text)
    if not isinstance(address, IPv6Address):
        return text
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


def _dotted(text: str) -> int | None:
    """The number of an IPv4 address in its one spelling; None for anything else.

    Every visitor's address is new here, and `ipaddress` takes ten times as long.
    """
    try:
        return int.from_bytes(inet_pton(AF_INET, text), "big")
    except (OSError, ValueError):  # no such address; no text that could be one
        return None


def _plain(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
