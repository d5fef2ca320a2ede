"""The visitor counter: part 4.3, and what it must not let strangers do."""

import io
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pytest
from PIL import Image

from stats import queries
from tests.client import ApiClient, Client
from tests.make import Tenant, drain, make_tenant


@pytest.fixture
def tenant(db: None) -> Tenant:
    """A site that allows the counter, with 1,234 visits of `/` and one of `/Test.html`."""
    queries._visits.cache_clear()
    made = make_tenant("counted", allow_counter=True)
    api = ApiClient(made)
    for _ in range(3):
        send(api, *({"path": "/"} for _ in range(411)))
    send(api, {"path": "/"}, {"path": "/Test.html", "created_at": "2020-01-02T12:00:00Z"})
    return made


def send(api: ApiClient, *hits: dict[str, str]) -> None:
    assert api.post("/api/v0/count", {"no_sessions": True, "hits": hits}).status_code == 202
    drain()


def get(tenant: Tenant, name: str, **query: str) -> Any:
    path = f"/counter/{quote(name)}" + (f"?{urlencode(query)}" if query else "")
    return Client(raise_request_exception=False).get(path, SERVER_NAME=tenant.host)


def test_json_has_texts_with_a_thin_space(tenant: Tenant) -> None:
    reply = get(tenant, "/.json")
    assert reply.status_code == 200
    assert reply.content.decode() == '{"count_unique":"1\u202f234", "count":"1\u202f234"}'
    assert reply["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("name", ["/test.html.json", "test.html.json", "/TEST.html/.json"])
def test_paths_are_found_in_any_case_and_with_other_slashes(tenant: Tenant, name: str) -> None:
    assert get(tenant, name).json()["count"] == "1"


def test_total_is_the_whole_site(tenant: Tenant) -> None:
    assert get(tenant, "TOTAL.json").json()["count"] == "1\u202f235"


def test_what_has_no_visits_is_404_with_the_same_body(tenant: Tenant) -> None:
    reply = get(tenant, "/nothing.json")
    assert (reply.status_code, reply.json()) == (404, {"count_unique": "0", "count": "0"})


def test_dates_bound_the_count(tenant: Tenant) -> None:
    assert get(tenant, "TOTAL.json", start="2020-01-01", end="2020-01-03").json()["count"] == "1"
    assert get(tenant, "TOTAL.json", end="2020-01-02").status_code == 404
    assert get(tenant, "TOTAL.json", start="week").json()["count"] == "1\u202f234"


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("/.json", {"start": "yesterday"}),
        ("/.json", {"end": "2020-13-01"}),
        ("/.gif", {}),
        ("noextension", {}),
        ("/.html", {"style": "</style><script>alert(1)</script>"}),
        ("/.svg", {"style": "&foo;"}),
        ("/.svg", {"style": "\x01"}),
        ("/.svg", {"style": "@import 'https://evil.example/x.css'"}),
        ("/.svg", {"style": "text { background: URL (//evil.example) }"}),
        ("/.svg", {"style": "\\75rl(//evil.example)"}),
        ("/.html", {"style": "x" * 2001}),
    ],
)
def test_wrong_questions_are_refused(tenant: Tenant, name: str, query: dict[str, str]) -> None:
    assert get(tenant, name, **query).status_code == 400


@pytest.mark.parametrize(("query", "height"), [({}, 80), ({"no_branding": "1"}, 60)])
def test_png_has_its_size(tenant: Tenant, query: dict[str, str], height: int) -> None:
    reply = get(tenant, "/.png", **query)
    assert reply["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(reply.content)).size == (200, height)


def test_svg_and_html_have_the_hooks_for_css(tenant: Tenant) -> None:
    reply = get(tenant, "/.svg", style="#gcvc-views { fill: red }")
    svg = ElementTree.fromstring(reply.content)  # noqa: S314  # our own answer
    ids = {element.get("id") for element in svg.iter()}
    assert {"gcvc", "gcvc-border", "gcvc-for", "gcvc-views", "gcvc-by"} <= ids
    page = get(tenant, "/.html", style="div { border: 0 }", no_branding="1").content.decode()
    assert "div { border: 0 }" in page
    assert 'id="gcvc-views">1\u202f234<' in page
    assert "gcvc-by" not in page.partition("</style>")[2]


def test_one_callers_style_is_not_anothers(tenant: Tenant) -> None:
    get(tenant, "/.html", style="div { color: red }")
    assert "color: red" not in get(tenant, "/.html").content.decode()


def test_it_may_be_framed_and_cached_and_run_nothing(tenant: Tenant) -> None:
    reply = get(tenant, "/.html")
    policy = reply["Content-Security-Policy"]
    assert "frame-ancestors *" in policy
    assert "default-src 'none'" in policy
    assert "X-Frame-Options" not in reply
    assert "public" in reply["Cache-Control"]
    left = parsedate_to_datetime(reply["Expires"]) - datetime.now(UTC)
    assert 3.9 * 3600 < left.total_seconds() <= 4 * 3600


def test_a_site_that_does_not_allow_it_says_so(db: None) -> None:
    reply = get(make_tenant("closed"), "/.json")
    assert reply.status_code == 403
    assert "allow using the visitor counter" in reply.content.decode()


def test_a_stranger_counts_for_itself(tenant: Tenant) -> None:
    stranger = make_tenant("stranger", allow_counter=True)
    assert get(stranger, "/.json").status_code == 404
