"""From an address to a country or region, and nothing finer."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]  # netaddr publishes no types

from hits.geo import BuiltInLocator, DatabaseLocator, Locator, open_locator

# Not private, and in nobody's list of countries that may move.
TEXAS, HOLLAND, NOWHERE, ODD, EMPTY = "23.0.0.1", "31.0.0.1", "45.0.0.1", "46.0.0.1", "47.0.0.1"
HOLLAND_6 = "2a00::1"

RECORDS: dict[str, dict[str, object]] = {
    TEXAS: {"country": {"iso_code": "US"}, "subdivisions": [{"iso_code": "TX"}, {"iso_code": "x"}]},
    HOLLAND: {"country": {"iso_code": "NL"}},
    HOLLAND_6: {"country": {"iso_code": "NL"}, "subdivisions": []},
    NOWHERE: {"continent": {"code": "EU"}},
    ODD: {"country": "NL", "subdivisions": "TX"},
    EMPTY: {"country": {"iso_code": 5}},
    "10.0.0.1": {"country": {"iso_code": "NL"}},
}


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    writer = MMDBWriter(6, "Test-City", ipv4_compatible=True)
    for address, record in RECORDS.items():
        writer.insert_network(IPSet([address]), record)
    path = tmp_path_factory.mktemp("geo") / "test.mmdb"
    writer.to_db_file(str(path))
    return path


@pytest.fixture(params=["built in", "database"])
def locator(request: pytest.FixtureRequest, database: Path) -> Locator:
    return open_locator(str(database) if request.param == "database" else None)


@pytest.mark.parametrize(
    ("ip", "country"),
    [
        ("8.8.8.8", "US"),
        ("::ffff:8.8.8.8", "US"),
        ("::FFFF:808:808", "US"),
        (" 8.8.8.8 ", "US"),
        ("2001:67c:2564::1", "NL"),
        ("2001:4860:4860::8888", "US"),
    ],
)
def test_the_built_in_lists_know_countries(ip: str, country: str) -> None:
    assert BuiltInLocator().locate(ip) == country


@pytest.mark.parametrize(
    ("ip", "place"),
    [
        (TEXAS, "US-TX"),
        (f"::ffff:{TEXAS}", "US-TX"),
        (HOLLAND, "NL"),
        (HOLLAND_6, "NL"),
        (NOWHERE, ""),
        (ODD, ""),
        (EMPTY, ""),
        ("99.0.0.1", ""),
    ],
)
def test_a_database_knows_regions_too(database: Path, ip: str, place: str) -> None:
    assert DatabaseLocator(str(database)).locate(ip) == place


@pytest.mark.parametrize(
    "ip",
    [
        "", "rubbish", "8.8.8", "8.8.8.8:80", "127.0.0.1", "10.0.0.1", "192.168.1.1", "0.0.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "\ud800", "٨.8.8.8",
    ],
)  # fmt: skip
def test_private_and_malformed_addresses_are_nowhere(locator: Locator, ip: str) -> None:
    assert locator.locate(ip) == ""


@given(ip=st.text(st.characters(), max_size=50) | st.ip_addresses().map(str))
def test_no_address_makes_the_built_in_lists_fail(ip: str) -> None:
    place = BuiltInLocator().locate(ip)
    assert place == "" or (len(place) == 2 and place.isupper())


def test_an_address_of_six_in_a_database_of_four_is_nowhere(tmp_path: Path) -> None:
    writer = MMDBWriter(4, "Test-Country")
    writer.insert_network(IPSet([HOLLAND]), RECORDS[HOLLAND])
    writer.to_db_file(str(tmp_path / "four.mmdb"))
    locator = open_locator(str(tmp_path / "four.mmdb"))
    assert locator.locate(HOLLAND) == "NL"
    assert locator.locate(HOLLAND_6) == ""


@pytest.mark.parametrize("content", [None, b"", b"not a database"])
def test_an_unreadable_database_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot read the location database .*broken\.mmdb"):
        open_locator(str(path))


@pytest.mark.parametrize("path", [None, ""])
def test_without_a_path_the_built_in_lists_serve(path: str | None) -> None:
    assert isinstance(open_locator(path), BuiltInLocator)
