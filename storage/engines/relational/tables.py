"""The tables as the statements see them: columns in the order rows are written, and the key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the migrations. `types` are PostgreSQL's, which wants arrays typed."""

    name: str
    types: dict[str, str]
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of a row."""
        return tuple(self.types)


def _table(name: str, key: str, /, **types: str) -> Table:
    return Table(name, types, tuple(key.split()))


def _rollup(name: str, /, **dimensions: str) -> Table:
    key = {"site_id": "integer", "hour": "integer", "path_id": "integer", **dimensions}
    return Table(name, {**key, "count": "integer"}, tuple(key))


SITE_LEDGER = _table(
    "site_ledger",
    "site_id",
    site_id="integer",
    revision="bigint",
    last_hit_id="bigint",
    first_hit_at="bigint",
    last_path_id="integer",
    last_ref_id="integer",
    last_browser_id="integer",
    last_system_id="integer",
    last_campaign_id="integer",
)
POSITIONS = _table("journal_positions", "segment", segment="text", position="bigint")
SESSIONS = _table(
    "sessions",
    "site_id session",
    site_id="integer",
    session="bytea",
    key="bytea",
    started_at="bigint",
    last_at="bigint",
    touched_at="bigint",
    paths="bytea",
)
SEEN_IDS = _table("seen_ids", "site_id key", site_id="integer", key="bytea", seen_at="bigint")
TALLIES = _table(
    "tallies", "site_id day reason", site_id="integer", day="integer", reason="text", count="bigint"
)
PATHS = _table(
    "paths",
    "site_id path_id",
    site_id="integer",
    path_id="integer",
    key="bytea",
    path="text",
    title="text",
    event="boolean",
)
REFS = _table(
    "refs",
    "site_id ref_id",
    site_id="integer",
    ref_id="integer",
    key="bytea",
    ref="text",
    ref_scheme="text",
)
BROWSERS = _table(
    "browsers",
    "site_id browser_id",
    site_id="integer",
    browser_id="integer",
    key="bytea",
    name="text",
    version="text",
)
SYSTEMS = _table(
    "systems",
    "site_id system_id",
    site_id="integer",
    system_id="integer",
    key="bytea",
    name="text",
    version="text",
)
CAMPAIGNS = _table(
    "campaigns",
    "site_id campaign_id",
    site_id="integer",
    campaign_id="integer",
    key="bytea",
    name="text",
)
HITS = _table(
    "hits",
    "site_id hit_id",
    site_id="integer",
    hit_id="bigint",
    path_id="integer",
    ref_id="integer",
    browser_id="integer",
    system_id="integer",
    campaign_id="integer",
    width="integer",
    location="text",
    language="text",
    session="bytea",
    first_visit="boolean",
    created_at="bigint",
)
ROLLUPS = (
    _rollup("hit_counts"),
    _rollup("ref_counts", ref_id="integer"),
    _rollup("browser_stats", browser_id="integer"),
    _rollup("system_stats", system_id="integer"),
    _rollup("location_stats", location="text"),
    _rollup("language_stats", language="text"),
    _rollup("size_stats", width="integer"),
    _rollup("campaign_stats", campaign_id="integer", ref_id="integer"),
)
