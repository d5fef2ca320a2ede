"""Whose address it is: which headers count, and in which spelling."""

from ipaddress import ip_network

import pytest

from goatapi.http.client_ip import client_ip, plain_address, subscriber

PROXIES = [ip_network(text) for text in ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8")]
PEER = "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("203.0.113.9, 192.0.2.1, 10.1.2.3,fd00::1", "192.0.2.1"),
        ("2001:DB8::0:1, 10.1.2.3", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, ::ffff:10.1.2.3", "192.0.2.1"),
        ("10.1.2.3, 127.0.0.1", PEER),
        ("192.0.2.1, unknown", PEER),
        ("192.0.2.1, 010.1.2.3", PEER),
        ("192.0.2.1:443", PEER),
        ("192.0.2", PEER),
        ("192.0.2.1\0", PEER),
        ("١٩٢.0.2.1", PEER),
        ("", PEER),
    ],
)
def test_the_rightmost_that_is_no_proxy_is_the_client(forwarded: str, client: str) -> None:
    assert client_ip(PEER, forwarded, PROXIES) == client


@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::7", "126.255.255.255", "11.0.0.0"])
def test_what_a_stranger_forwards_does_not_count(peer: str) -> None:
    assert client_ip(peer, "192.0.2.1", PROXIES) == peer
    assert client_ip(peer, "192.0.2.1", []) == peer


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1\n", "192.0.2.1"),
        ("::FFFF:192.0.2.1", "192.0.2.1"),
        ("2001:0db8:0::1", "2001:db8::1"),
        ("192.0.02.1", "192.0.02.1"),
        ("no address", "no address"),
        ("\ud800", "\ud800"),
    ],
)
def test_an_address_has_one_spelling(text: str, plain: str) -> None:
    assert plain_address(text) == plain


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_limits_know_a_whole_network_of_six_as_one_subscriber(address: str, whose: str) -> None:
    assert subscriber(address) == whose
