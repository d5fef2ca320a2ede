"""From frames to rows and counters: switches, resends, what is dropped, tenants side by side."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from hits import collect
from hits.intake import Intake
from hits.records import Frame, Hit
from sites.tenancy import NEW_SITE_COLLECT, SiteRef
from storage.memory import MemoryStorage
from storage.protocols import Storage
from storage.registry import storage
from storage.router import vault_alias
from storage.types import SEEN_SECONDS, StoredHit

pytestmark = pytest.mark.django_db

NOW = 1_700_000_000
DAY = 86400
ALL = NEW_SITE_COLLECT | collect.LANGUAGE
SITE, OTHER = 7, 8

FULL = Hit(
    path="/page",
    title="A  page",
    ref="https://example.org/from?x=1",
    query="?utm_campaign=spring",
    width=1920,
    browser="Firefox",
    browser_version="145",
    system="Linux",
    system_version="6",
    location="US-TX",
    language="nl",
    visitor=b"v" * 16,
    visitor_before=b"w" * 16,
)


class Room:
    """An intake on a storage, with sites that can be changed."""

    def __init__(self, kept: Storage) -> None:
        self.storage = kept
        self.sites = {
            n: SiteRef(id=n, account_id=n, code=f"s{n}", collect=ALL) for n in (SITE, OTHER)
        }
        self.intake = Intake(kept.ledger, self.sites.get, host="host")

    def collects(self, switches: int, **more: Any) -> None:
        self.sites[SITE] = replace(self.sites[SITE], collect=switches, **more)

    def store(self, *hits: Hit, site: int = SITE, now: int = NOW) -> None:
        """One frame in one transaction."""
        self.store_frames(Frame(site, now, list(hits)), now=now)

    def store_frames(self, *frames: Frame, now: int = NOW) -> None:
        self.intake.store(frames, {}, now=now)

    def rows(self, site: int = SITE) -> list[StoredHit]:
        upto = self.storage.vault.visible_upto(site)
        return [hit for batch in self.storage.vault.scan(site, after=0, upto=upto) for hit in batch]

    def paths(self, site: int = SITE) -> list[str]:
        return [hit.path for hit in self.rows(site)]

    def tallies(self, site: int = SITE) -> dict[str, int]:
        totals: Counter[str] = Counter()
        for (_, reason), count in self.storage.ledger.tallies(site).items():
            totals[reason] += count
        return dict(totals)


@pytest.fixture(params=["memory", "relational"])
def room(request: pytest.FixtureRequest) -> Room:
    """On the twin and on the real storage."""
    return Room(MemoryStorage() if request.param == "memory" else storage())


def test_everything_that_is_collected_arrives(room: Room) -> None:
    room.store(FULL)
    [hit] = room.rows()
    assert (hit.path, hit.title, hit.event) == ("/page", "A page", False)
    assert (hit.ref, hit.ref_scheme, hit.campaign) == ("example.org/from", "c", "spring")
    assert (hit.browser, hit.browser_version) == ("Firefox", "145")
    assert (hit.system, hit.system_version) == ("Linux", "6")
    assert (hit.width, hit.location, hit.language) == (1920, "US-TX", "nl")
    assert (len(hit.session), hit.first_visit, hit.created_at) == (16, True, NOW)


SWITCHES: list[tuple[int, dict[str, object]]] = [
    (collect.REFERRER, {"ref": "", "ref_scheme": "o", "campaign": ""}),
    (
        collect.USER_AGENT,
        {"browser": "", "browser_version": "", "system": "", "system_version": ""},
    ),
    (collect.SIZE, {"width": 0}),
    (collect.LOCATION | collect.REGION, {"location": ""}),
    (collect.REGION, {"location": "US"}),
    (collect.LOCATION, {}),
    (collect.LANGUAGE, {"language": ""}),
    (collect.SESSIONS, {"session": b""}),
]


@pytest.mark.parametrize(("switch", "changed"), SWITCHES)
def test_what_is_not_to_be_collected_is_not_stored_and_nothing_else_is_missing(
    switch: int, changed: dict[str, object], room: Room
) -> None:
    room.store(FULL)
    [whole] = room.rows()
    room.collects(ALL & ~switch)
    room.store(FULL)
    [_, hit] = room.rows()
    for name in StoredHit.__struct_fields__:
        if name in changed:
            assert getattr(hit, name) == changed[name]
        elif name not in ("hit_id", "session", "first_visit"):
            assert getattr(hit, name) == getattr(whole, name)
    assert (hit.session == whole.session) == (switch != collect.SESSIONS)


def test_without_sessions_every_view_is_a_first_visit(room: Room) -> None:
    room.collects(ALL & ~collect.SESSIONS)
    room.store(FULL, FULL)
    assert [(hit.session, hit.first_visit) for hit in room.rows()] == [(b"", True)] * 2


def test_without_individual_pageviews_there_are_counts_and_no_rows(room: Room) -> None:
    room.collects(ALL & ~collect.PAGEVIEWS)
    room.store(FULL)
    assert room.rows() == []
    assert dict(room.storage.vault.rollup(SITE, "hit_counts")) == {(NOW // 3600, "/page"): 1}
    assert room.tallies() == {"counted": 1}


def test_regions_are_kept_only_of_the_countries_chosen(room: Room) -> None:
    room.collects(ALL, collect_regions=("NL",))
    room.store(FULL)
    assert [hit.location for hit in room.rows()] == ["US"]


def test_a_hit_keeps_its_own_time_and_else_has_its_arrival(room: Room) -> None:
    room.store_frames(Frame(SITE, NOW - 5, [Hit("/a"), Hit("/b", created_at=NOW - 999)]))
    assert [hit.created_at for hit in room.rows()] == [NOW - 5, NOW - 999]


def test_events_have_no_campaign(room: Room) -> None:
    room.store(Hit("/click", event=True, query="?utm_campaign=spring&utm_source=x"))
    [hit] = room.rows()
    assert (hit.path, hit.event, hit.campaign, hit.ref) == ("click", True, "", "")


def once(path: str, key: bytes = b"k" * 16) -> Hit:
    return Hit(path, once=key)


def test_a_resend_in_one_frame_is_counted_once_and_the_first_stands(room: Room) -> None:
    room.store(once("/first"), once("/second"), once("/other", b"o" * 16))
    assert room.paths() == ["/first", "/other"]
    assert room.tallies() == {"counted": 2, "duplicate": 1}


def test_a_resend_in_another_frame_of_the_transaction_is_counted_once(room: Room) -> None:
    room.store_frames(Frame(SITE, NOW, [once("/first")]), Frame(SITE, NOW, [once("/second")]))
    assert room.paths() == ["/first"]


def test_a_resend_in_a_later_transaction_is_counted_once(room: Room) -> None:
    room.store(once("/first"))
    room.store(once("/second"), Hit("/third"))
    room.store(once("/fourth"), now=NOW + SEEN_SECONDS - 1)
    assert room.paths() == ["/first", "/third"]
    assert room.tallies()["duplicate"] == 2


def test_after_48_hours_a_key_is_new_again(room: Room) -> None:
    room.store(once("/first"))
    room.store(once("/second"), now=NOW + SEEN_SECONDS + 1)
    assert room.paths() == ["/first", "/second"]


def test_hits_without_a_key_are_all_counted(room: Room) -> None:
    room.store(Hit("/a"), Hit("/a"))
    assert room.paths() == ["/a", "/a"]


def test_two_tenants_may_use_the_same_key(room: Room) -> None:
    room.store_frames(Frame(SITE, NOW, [once("/a")]), Frame(OTHER, NOW, [once("/b")]))
    room.store(once("/c"), site=OTHER)
    assert (room.paths(), room.paths(OTHER)) == (["/a"], ["/b"])
    assert "duplicate" not in room.tallies()


def test_a_resend_does_not_count_as_a_visit(room: Room) -> None:
    room.store(Hit("/a", once=b"1" * 16, visitor=b"v" * 16))
    room.store(Hit("/b", once=b"1" * 16, visitor=b"v" * 16))
    room.store(Hit("/b", once=b"2" * 16, visitor=b"v" * 16))
    assert [(hit.path, hit.first_visit) for hit in room.rows()] == [("/a", True), ("/b", True)]


def test_noise_and_spam_are_tallied_and_not_stored(room: Room) -> None:
    room.store_frames(
        Frame(
            SITE,
            NOW - 3 * DAY,
            [
                Hit("/favicon.ico"),
                Hit("   "),
                Hit("/x<html>"),
                Hit("/page", ref="https://semalt.com/x"),
                Hit("/good"),
            ],
        )
    )
    assert room.paths() == ["/good"]
    assert room.tallies() == {"invalid": 3, "refspam": 1, "counted": 1}
    arrived, stored = (NOW - 3 * DAY) // DAY, NOW // DAY
    assert room.storage.ledger.tallies(SITE) == {
        (arrived, "invalid"): 3,
        (arrived, "refspam"): 1,
        (stored, "counted"): 1,
    }


def test_counters_of_the_door_are_added_up(room: Room) -> None:
    room.store_frames(
        Frame(SITE, NOW, [], {"bot: 1": 2, "prefetch": 1}), Frame(SITE, NOW, [], {"bot: 1": 3})
    )
    assert room.tallies() == {"bot: 1": 5, "prefetch": 1}
    assert room.rows() == []


def test_hits_of_a_site_that_is_gone_are_dropped_and_neighbours_are_not(room: Room) -> None:
    del room.sites[OTHER]
    room.store_frames(Frame(OTHER, NOW, [Hit("/a")]), Frame(SITE, NOW, [Hit("/b")]))
    assert (room.paths(), room.paths(OTHER)) == (["/b"], [])
    room.store_frames(Frame(999, NOW, [Hit("/a")]))


def test_a_path_has_one_spelling(room: Room) -> None:
    room.store(Hit("/Page/"), Hit("page?utm_source=x"), Hit(" /page "))
    assert room.paths() == ["/Page"] * 3


class Unreachable(dict[str, int]):
    """Positions at which the transaction fails: they come last."""

    def items(self) -> Any:
        raise ConnectionError


def test_positions_move_with_the_hits_or_not_at_all(room: Room) -> None:
    frame = Frame(SITE, NOW, [once("/a"), Hit("/b", visitor=b"v" * 16)])
    with pytest.raises(ConnectionError):
        room.intake.store([frame], Unreachable(), now=NOW)
    assert (room.paths(), room.intake.positions()) == ([], {})
    room.intake.store([frame], {"host.a": 5, "host.b": 9}, now=NOW)
    assert room.paths() == ["/a", "/b"]
    assert room.intake.positions() == {"host.a": 5, "host.b": 9}
    room.intake.forget_segment("host.a")
    assert room.intake.positions() == {"host.b": 9}


def test_other_hosts_positions_are_not_seen(room: Room) -> None:
    room.intake.store([], {"host.a": 5, "host2.a": 6}, now=NOW)
    assert room.intake.positions() == {"host.a": 5}


def test_many_small_sites_cost_no_more_statements_than_one(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    sites = {n: SiteRef(id=n, account_id=n, code=f"s{n}", collect=ALL) for n in range(1, 301)}
    intake = Intake(storage().ledger, sites.get, host="host")
    frames = [
        Frame(n, NOW, [replaced(FULL, once=b"%016d" % n, visitor=b"%016d" % n)]) for n in sites
    ]
    for path in ("/a", "/b"):
        some = [
            Frame(f.site_id, NOW, [replaced(f.hits[0], path=path, once=path.encode() * 8)])
            for f in frames
        ]
        with django_assert_max_num_queries(60, using=vault_alias()):
            intake.store(some, {"host.a": 1}, now=NOW)
    vault = storage().vault
    assert all(vault.visible_upto(n) == 2 for n in sites)


def replaced(hit: Hit, **changes: Any) -> Hit:
    """`hit` with some fields changed."""
    return Hit(**{name: getattr(hit, name) for name in Hit.__struct_fields__} | changes)
