"""The country, or region, an address is in. Addresses come in here and never leave again."""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import iptocc
import maxminddb

# A busy minute of visitors; about 2 MB when full.
CACHE_SIZE = 10_000


class Locator(Protocol):
    """Finds the place of an address; safe to call from many threads."""

    def locate(self, ip: str) -> str:
        """Give 'NL', or 'US-TX' where regions are known, or ''; never raises.

        Codes are ISO 3166-1 and 3166-2. '' stands for unknown, private and malformed addresses.
        """


class BuiltInLocator:
    """Countries from the registries' own lists, which come with the iptocc package."""

    def __init__(self) -> None:
        # An attribute, not a method: the cache is then all that a known address goes through.
        self.locate: Callable[[str], str] = lru_cache(CACHE_SIZE)(self._find)

    def _find(self, ip: str) -> str:
        # Most addresses come in their plain spelling, and private ones are in nobody's list: reading
        # one takes 50 times as long as finding it.
        found = iptocc.country_code(ip) if ip.isascii() else None
        if found or ip.replace(".", "").isdigit():  # IPv4 has one spelling only
            return found or ""
        return iptocc.country_code(_address(ip)) or ""


class DatabaseLocator:
    """Countries and regions from an operator's database in MaxMind's format.

    Raises ValueError, in a sentence for the operator, if the file can not be read.
    """

    def __init__(self, path: str) -> None:
        try:
            self._reader = maxminddb.open_database(path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise ValueError(f"cannot read the location database {path}: {error}") from error
        self.locate: Callable[[str], str] = lru_cache(CACHE_SIZE)(self._find)

    def _find(self, ip: str) -> str:
        address = _address(ip)
        try:
            return _code_of(self._reader.get(address)) if address else ""
        except (ValueError, maxminddb.InvalidDatabaseError):
            return ""  # IPv6 in a database of IPv4, or a damaged page of it


def open_locator(path: str | None) -> Locator:
    """Open the database at `path`, or the built-in one where there is none."""
    return DatabaseLocator(path) if path else BuiltInLocator()


def _address(ip: str) -> str:
    """Give the plain text of an address, IPv4 in IPv6 unwrapped; '' if it is none."""
    try:
        address = ipaddress.ip_address(ip.strip())
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return "" if (mapped or address).is_private else str(mapped or address)


def _code_of(record: object) -> str:
    country = _iso_code(_field(record, "country"))
    regions = _field(record, "subdivisions")
    region = _iso_code(regions[0]) if isinstance(regions, list) and regions else ""
    return f"{country}-{region}" if country and region else country


def _iso_code(place: object) -> str:
    code = _field(place, "iso_code")
    return code if isinstance(code, str) else ""


def _field(record: object, name: str) -> object:
    return record.get(name) if isinstance(record, dict) else None
