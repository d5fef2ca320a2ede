"""The values that cross the storage seam. No framework here: plain msgspec structs."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

Shape = TypeVar("Shape")

SEEN_SECONDS = 48 * 3600
"""How long the id of a hit is remembered."""

SESSION_SECONDS = 24 * 3600
"""How long a session is kept after a hit of it arrived."""

SALT_SECONDS = 8 * 3600
"""How long a salt is the current one."""


class PathKey(msgspec.Struct, frozen=True, gc=False):
    """A page's path or an event's name, cleaned; `title` is the newest one seen, may be ''."""

    path: str
    title: str
    event: bool


class Pageview(msgspec.Struct, gc=False):
    """One pageview ready to be stored: cleaned, nothing in it of address or user agent.

    `path_id` comes from `Transaction.path_ids`. `session` is 16 bytes, or b"" for none.
    `created_at` is in seconds since 1970. Texts are '' when unknown, `width` 0.
    """

    path_id: int
    ref: str
    ref_scheme: str
    campaign: str
    browser: str
    browser_version: str
    system: str
    system_version: str
    width: int
    location: str
    language: str
    session: bytes
    first_visit: bool
    created_at: int


class StoredHit(msgspec.Struct, frozen=True, gc=False):
    """One row as it is read back: ids already turned into texts. `hit_id` counts from 1 in each site."""

    hit_id: int
    path: str
    title: str
    event: bool
    ref: str
    ref_scheme: str
    campaign: str
    browser: str
    browser_version: str
    system: str
    system_version: str
    width: int
    location: str
    language: str
    session: bytes
    first_visit: bool
    created_at: int


class Shapes(msgspec.Struct, Generic[Shape], frozen=True, kw_only=True):
    """What a scan makes of the values that many rows share. Each function is called about once for each of them.

    It is given what its name says: (path, title, event), (ref, ref_scheme), (browser, browser_version),
    (system, system_version), (campaign), (width)…; '' or 0 when unknown. `hour` and `second` are of
    `created_at`: hours since 1970, and the seconds in that hour. What is None is not read, which saves time.
    """

    path: Callable[[str, str, bool], Shape]
    ref: Callable[[str, str], Shape]
    browser: Callable[[str, str], Shape]
    system: Callable[[str, str], Shape]
    width: Callable[[int], Shape]
    location: Callable[[str], Shape]
    first_visit: Callable[[bool], Shape]
    hour: Callable[[int], Shape]
    second: Callable[[int], Shape]
    campaign: Callable[[str], Shape] | None = None
    language: Callable[[str], Shape] | None = None
    hit_ids: bool = False


class ShapedRows(msgspec.Struct, Generic[Shape], frozen=True, kw_only=True):
    """`count` rows in columns, each in the shapes that were asked for; empty when not asked for.

    What no two rows share is text: ids in decimal, sessions in 32 hexadecimal digits, '' for none.
    `upto`: every row up to this id has been looked at, also those left out by a span.
    """

    count: int
    upto: int
    hit_ids: list[str]
    paths: list[Shape]
    refs: list[Shape]
    campaigns: list[Shape]
    browsers: list[Shape]
    systems: list[Shape]
    widths: list[Shape]
    locations: list[Shape]
    languages: list[Shape]
    sessions: list[str]
    first_visits: list[Shape]
    hours: list[Shape]
    seconds: list[Shape]


class Span(msgspec.Struct, frozen=True):
    """A stretch of time in seconds since 1970, `since` included and `before` not; None leaves an end open."""

    since: int | None = None
    before: int | None = None

    def holds(self, seconds: int) -> bool:
        """Whether a moment lies in it."""
        return (self.since is None or self.since <= seconds) and (
            self.before is None or seconds < self.before
        )


ALWAYS = Span()


class Session(msgspec.Struct):
    """A visitor's window of activity in one site (design: 8 h after its last hit, 24 h in all).

    `key` is the 16-byte salted hash that finds it, `session` the random 16 bytes that hits carry,
    `started_at`, `last_at` in seconds by the hits' own `created_at`, `touched_at` by arrival
    (what purging goes by), `paths` the path ids already visited.
    """

    key: bytes
    session: bytes
    started_at: int
    last_at: int
    touched_at: int
    paths: set[int]


class Salt(msgspec.Struct, frozen=True):
    """A secret for hashing visitors. `number` counts up; `created_at` in seconds."""

    number: int
    value: bytes
    created_at: int


ROLLUPS = (
    "hit_counts",
    "ref_counts",
    "browser_stats",
    "system_stats",
    "location_stats",
    "language_stats",
    "size_stats",
    "campaign_stats",
)
"""The eight rollups (part 3.9 of the behaviour page). Each is keyed (site, hour, path, its own dimension).

An hour is `created_at // 3600`. Their own dimensions as texts: nothing, (ref, scheme), (name, version),
(name, version), location, language, width (a number), (campaign, ref, scheme).
"""


class Difference(msgspec.Struct, frozen=True):
    """An hour in which a rollup says something else than the rows, key by key.

    `surplus` visits it has that no row tells of, `missing` ones it lacks; one in the wrong place is both.
    """

    rollup: str
    hour: int
    surplus: int
    missing: int


class Census(msgspec.Struct, frozen=True):
    """What is stored of a site at one moment, told twice: as it is kept, and as its rows say.

    `last_hit_id` is the ledger's; `rows`, `max_hit_id` are counted; `counted` is the ledger's number of all
    pageviews, also those that were counted without a row. `behind`: what has ids → (the last one that the
    ledger has given, the largest one that is stored), where the ledger would give ids a second time.
    `differences`: every hour of a rollup that is not what the rows say.
    """

    last_hit_id: int
    rows: int
    max_hit_id: int
    counted: int
    behind: dict[str, tuple[int, int]]
    differences: list[Difference]

    def has_all_rows(self) -> bool:
        """Whether every pageview of the rollups has, or should have, a row. Not if the tallies can not tell."""
        return self.counted == self.last_hit_id

    def can_recount(self) -> bool:
        """Whether the rows are all there and tell of every pageview."""
        return self.has_all_rows() and self.rows == self.last_hit_id

    def drift(self) -> list[Difference]:
        """The differences that are wrong.

        Where pageviews were counted without rows, a rollup may have more than the rows say, and
        nothing can say how much more.
        """
        exact = self.has_all_rows()
        return [each for each in self.differences if exact or each.missing]
