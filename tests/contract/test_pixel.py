"""`/count`: the table of part 3.1, through both doors: plain Django and the web server's callable."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from hits.door import GIF
from tests.doors import DOORS, Reply
from tests.make import Cast, Tenant, make_tenant, stored, tallied

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"

Send = Callable[..., Reply]


@pytest.fixture(params=DOORS)
def send(request: pytest.FixtureRequest) -> Send:
    """`send(tenant, query, method=…, Header_Name=…)` through each door in turn."""
    door = DOORS[request.param]

    def sending(
        to: Cast | Tenant, query: str = "", *, method: str = "GET", **headers: str
    ) -> Reply:
        host = (to.owner if isinstance(to, Cast) else to).host
        given = {"User-Agent": FIREFOX} | {k.replace("_", "-"): v for k, v in headers.items()}
        return door(method, host, f"/count?{query}", given)

    return sending


def test_a_pageview_is_stored_with_all_it_says(send: Send, cast: Cast) -> None:
    query = urlencode(
        {"p": "/a b?x=1", "t": "Title", "r": "https://www.google.com/x", "s": "1920,1080,2"}
    )
    reply = send(cast, query, Accept_Language="nl")
    assert (reply.status_code, reply.content) == (200, GIF)
    [hit] = stored(cast.owner.site)
    assert (hit.title, hit.ref, hit.ref_scheme, hit.width) == ("Title", "Google", "g", 1920)
    assert (hit.browser, hit.browser_version, hit.system) == ("Firefox", "145", "Linux")
    assert (hit.first_visit, len(hit.session), hit.language) == (True, 16, "")


@pytest.mark.parametrize(
    ("query", "path", "event"),
    [
        ("p=foo.html", "/foo.html", False),
        ("e=true&p=foo.html", "foo.html", True),
        ("p=/foo.html%3Fa=b%26c=d", "/foo.html?a=b&c=d", False),
        ("p=/foo.html%3Fref=AAA&q=ref=AAA", "/foo.html", False),
        ("p=%2F%2Fpage%2F", "/page", False),
    ],
)
def test_paths_are_cleaned(send: Send, cast: Cast, query: str, path: str, event: bool) -> None:
    assert send(cast, query).status_code == 200
    [hit] = stored(cast.owner.site)
    assert (hit.path, hit.event) == (path, event)


@pytest.mark.parametrize(
    ("query", "ref", "scheme"),
    [
        ("p=/&r=https://example.com", "example.com", "h"),
        ("p=/&r=example", "example", "o"),
        ("p=/&r=https://example.com?p=x", "example.com", "h"),
        ("p=/&q=ref=AAA", "AAA", "c"),
    ],
)
def test_referrers_are_cleaned_and_campaigns_win(
    send: Send, cast: Cast, query: str, ref: str, scheme: str
) -> None:
    send(cast, query)
    [hit] = stored(cast.owner.site)
    assert (hit.ref, hit.ref_scheme) == (ref, scheme)


@pytest.mark.parametrize("size", ["1920,1080,2", "1920,1080", "1920"])
def test_of_a_size_the_width_is_kept(send: Send, cast: Cast, size: str) -> None:
    send(cast, f"p=/&s={size}")
    assert [hit.width for hit in stored(cast.owner.site)] == [1920]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", "not valid: path: must be set, must be longer than 1 characters."),
        ("p=%20", "not valid: path: must be set, must be longer than 1 characters."),
        ("p=/&s=xxx", "error decoding parameters: s: "),
        ("p=/&s=NaN", "error decoding parameters: s: "),
        ("p=/&s=-5", "error decoding parameters: s: "),
        ("p=/&e=", "error decoding parameters: e: must be a boolean"),
        ("p=/&e=maybe", "error decoding parameters: e: must be a boolean"),
        ("p=/&b=x", "error decoding parameters: b: must be a whole number"),
        ("p=/&b=100", "wrong value: b=100"),
        ("p=/%ff", "error decoding parameters: must be UTF-8"),
        ("p=/%00", "not valid: path: must be UTF-8."),
        ("p=/" + "a" * 2048, "ignored because path is longer than 2048 bytes (2049 bytes)"),
        ("p=/&t=" + "a" * 1025, "not valid: title: must be shorter than 1024 characters."),
        ("p=/&r=" + "a" * 2049, "not valid: ref: must be shorter than 2048 characters."),
    ],
)
def test_what_can_not_be_counted_says_why(send: Send, cast: Cast, query: str, text: str) -> None:
    reply = send(cast, query)
    assert reply.status_code == 400
    assert reply.content == GIF
    assert reply["X-Goatcounter"].startswith(text)
    assert stored(cast.owner.site) == []
    assert tallied(cast.owner.site) == {"invalid": 1}


def test_a_path_of_2048_bytes_is_counted(send: Send, cast: Cast) -> None:
    assert send(cast, "p=/" + "a" * 2047).status_code == 200
    assert len(stored(cast.owner.site)) == 1


def test_all_it_says_goes_into_one_text_when_several_things_are_wrong(
    send: Send, cast: Cast
) -> None:
    reply = send(cast, "t=" + "a" * 1025)
    assert reply["X-Goatcounter"] == (
        "not valid: path: must be set, must be longer than 1 characters. "
        "title: must be shorter than 1024 characters."
    )


@pytest.mark.parametrize(
    ("query", "agent"),
    [("p=/&b=150", FIREFOX), ("p=/&b=150", "GoogleBot/1.0"), ("p=/", "curl/8.0 (x)"), ("p=/", "")],
)
def test_of_a_bot_only_a_counter_is_kept(send: Send, cast: Cast, query: str, agent: str) -> None:
    assert send(cast, query, User_Agent=agent).status_code == 200
    assert stored(cast.owner.site) == []
    [(reason, count)] = tallied(cast.owner.site).items()
    assert reason.startswith("bot: ")
    assert count == 1


@pytest.mark.parametrize(
    "header",
    [
        {"X_Moz": "prefetch"},
        {"X_Purpose": "preview"},
        {"Purpose": "prefetch"},
        {"Sec_Purpose": "prefetch;prerender"},
    ],
)
def test_a_prefetch_is_not_counted(send: Send, cast: Cast, header: dict[str, str]) -> None:
    assert send(cast, "p=/", **header).status_code == 200
    assert tallied(cast.owner.site) == {"prefetch": 1}


def test_an_ignored_address_is_not_counted(send: Send, db: None) -> None:
    tenant = make_tenant("ignoring", ignore_ips="10.0.0.0/8, 127.0.0.1")
    reply = send(tenant, "p=/")
    assert reply.status_code == 202
    assert reply["X-Goatcounter"] == 'ignored because "127.0.0.1" is in the IP ignore list'
    assert tallied(tenant.site) == {"ignored": 1}


def test_post_counts_and_its_body_is_ignored(send: Send, cast: Cast) -> None:
    assert send(cast, "p=/", method="POST").status_code == 200
    assert len(stored(cast.owner.site)) == 1


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(send: Send, cast: Cast, method: str) -> None:
    assert send(cast, "p=/", method=method).status_code == 405


def test_the_headers_let_any_page_send(send: Send, cast: Cast) -> None:
    reply = send(cast, "p=/")
    assert reply["Content-Type"] == "image/gif"
    assert reply["Access-Control-Allow-Origin"] == "*"
    assert reply["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert reply["Cache-Control"] == "no-store,no-cache"


def test_one_visitor_is_one_session_and_first_visits_are_by_path(send: Send, cast: Cast) -> None:
    for path in ("/a", "/b", "/a"):
        send(cast, f"p={path}")
    send(cast, "p=/a", User_Agent=FIREFOX.replace("145", "146"))
    hits = stored(cast.owner.site)
    assert [hit.first_visit for hit in hits] == [True, True, False, True]
    assert len({hit.session for hit in hits}) == 2


def test_without_session_every_view_is_a_visit(send: Send, cast: Cast) -> None:
    for _ in range(2):
        send(cast, "p=/a&ns=1")
    assert [(hit.session, hit.first_visit) for hit in stored(cast.owner.site)] == [(b"", True)] * 2


def test_a_stranger_sees_nothing_of_it(send: Send, cast: Cast) -> None:
    send(cast, "p=/secret")
    assert stored(cast.stranger.site) == []
    assert len(stored(cast.owner.site)) == 1


def test_a_flood_is_refused_with_the_three_headers(send: Send, db: None, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"count": (4, 60)})
    tenant = make_tenant("flooded")
    replies = [send(tenant, "p=/") for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200] * 4 + [429] * 2
    assert [reply["X-Rate-Limit-Remaining"] for reply in replies] == list("321000")
    assert replies[-1]["Retry-After"] == replies[-1]["X-Rate-Limit-Reset"]
    assert tallied(tenant.site) == {"counted": 4, "rate-limited": 2}


def test_neither_address_nor_user_agent_reaches_the_disk(
    send: Send, cast: Cast, house: Path
) -> None:
    send(cast, "p=/private", User_Agent=FIREFOX)
    stored(cast.owner.site)
    for path in house.rglob("*"):
        if path.is_file():
            assert b"Gecko" not in path.read_bytes()
            assert b"127.0.0.1" not in path.read_bytes()
