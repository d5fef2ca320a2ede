"""The rollups equal a plain recount, whatever comes in whatever portions, by whichever engine."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.types import Pageview
from tests.storage.build import NOON, pageview, path, recount, rollup, rows
from tests.storage.conftest import Room

PATHS = ("/", "/1", "/11", "/a")
few = st.sampled_from(("", "a", "b", "1", "11"))


@st.composite
def pageviews(draw: st.DrawFn) -> Pageview:
    """A pageview out of few values, so that groups meet."""
    values: dict[str, Any] = {
        name: draw(few)
        for name in (
            "ref",
            "campaign",
            "browser",
            "browser_version",
            "system",
            "location",
            "language",
        )
    }
    return pageview(
        draw(st.integers(1, len(PATHS))),
        **values,
        ref_scheme=draw(st.sampled_from("hgco")),
        width=draw(st.sampled_from((0, 1, 11))),
        first_visit=draw(st.booleans()),
        created_at=NOON + draw(st.sampled_from((-1, 0, 3599, 3600, 86400))),
    )


portion = st.tuples(st.booleans(), st.integers(1, 2), st.lists(pageviews(), max_size=8))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(portions=st.lists(portion, max_size=6))
def test_rollups_equal_a_recount(
    room: Room, portions: list[tuple[bool, int, list[Pageview]]]
) -> None:
    engines = (room.fresh(), room.another())
    stored: dict[int, list[Pageview]] = {1: [], 2: []}
    for second, site_id, views in portions:
        with engines[second].ledger.begin() as tx:
            tx.lock([site_id])
            tx.path_ids(site_id, [path(text) for text in PATHS])
            tx.append(site_id, views, keep_rows=[True] * len(views))
        stored[site_id] += views
    for site_id, views in stored.items():
        for name, counts in recount(views, PATHS).items():
            table = f"{name}_counts" if name in ("hit", "ref") else f"{name}_stats"
            assert rollup(engines[0], table, site_id) == counts
        assert [hit.ref for hit in rows(engines[1], site_id)] == [view.ref for view in views]
