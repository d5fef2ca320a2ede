"""`POST /api/v0/count`: part 1.5, the cases of part 1.10, and the contract's decisions."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goatapi.http.body import MAX_BODY
from sites import keys
from tests.client import ApiClient
from tests.make import Cast, make_key, make_tenant, stored, tallied

URL = "/api/v0/count"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def hits(*given: dict[str, Any], **top: Any) -> dict[str, Any]:
    return {"hits": list(given)} | top


def quiet(*given: dict[str, Any], **top: Any) -> dict[str, Any]:
    return hits(*given, no_sessions=True, **top)


def test_accepted_says_ok(api: ApiClient) -> None:
    reply = api.post(URL, quiet({"path": "/one"}, {"path": "/two"}))
    assert (reply.status_code, reply.json()) == (202, {"status": "ok"})
    assert reply["Content-Type"] == "application/json; charset=utf-8"
    assert [hit.path for hit in stored(api.tenant.site)] == ["/one", "/two"]


def test_the_contracts_own_example_is_no_json_and_is_counted_with_a_warning(api: ApiClient) -> None:
    reply = api.post(URL, b'{hits: [{path: "/one"}, {path: "/two"}]}')
    assert reply.status_code == 202
    assert "no_sessions" in reply["X-Goatapi-Warning"]
    assert [hit.first_visit for hit in stored(api.tenant.site)] == [True, True]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_lenient_json_has_no_infinities(api: ApiClient, number: str) -> None:
    reply = api.post(URL, b'{hits: [{path: "/one", bot: %s}]}' % number.encode())
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("invalid JSON:")


def test_dates_are_kept_and_old(api: ApiClient) -> None:
    api.post(URL, quiet({"path": "/foo", "created_at": "2020-01-18T14:42:00Z"}))
    [hit] = stored(api.tenant.site)
    assert datetime.fromtimestamp(hit.created_at, UTC) == datetime(2020, 1, 18, 14, 42, tzinfo=UTC)


def test_every_field_arrives(api: ApiClient) -> None:
    api.post(
        URL,
        quiet(
            {
                "path": "/foo",
                "title": "A",
                "ref": "y",
                "user_agent": "Mozilla/5.0 (Linux) Firefox/1",
                "location": "ET",
                "size": "42,666,2",
            }
        ),
    )
    [hit] = stored(api.tenant.site)
    assert (hit.title, hit.browser, hit.browser_version) == ("A", "Firefox", "1")
    assert (hit.system, hit.ref, hit.ref_scheme) == ("Linux", "y", "o")
    assert (hit.width, hit.location) == (42, "ET")


@pytest.mark.parametrize("size", ["42,666,2", "42,666", "42", 42, [42, 666, 2], [42]])
def test_sizes_come_in_any_form(api: ApiClient, size: object) -> None:
    api.post(URL, quiet({"path": "/foo", "size": size}))
    assert [hit.width for hit in stored(api.tenant.site)] == [42]


def test_events_have_no_leading_slash(api: ApiClient) -> None:
    api.post(URL, quiet({"path": "/foo", "event": True}))
    assert [(hit.path, hit.event) for hit in stored(api.tenant.site)] == [("foo", True)]


def test_sessions_by_browser_and_address(api: ApiClient) -> None:
    addresses = ("51.171.91.33", "66.66.66.67", "51.171.91.33")
    reply = api.post(
        URL, hits(*({"path": "/foo", "user_agent": FIREFOX, "ip": ip} for ip in addresses))
    )
    assert reply.status_code == 202
    rows = stored(api.tenant.site)
    assert rows[0].session == rows[2].session != rows[1].session
    assert [row.first_visit for row in rows] == [True, True, False]
    assert [row.location for row in rows] == ["IE", "US", "IE"]


def test_sessions_by_name(api: ApiClient) -> None:
    api.post(URL, hits(*({"path": "/foo", "session": name} for name in "aba")))
    rows = stored(api.tenant.site)
    assert rows[0].session == rows[2].session != rows[1].session
    assert [row.first_visit for row in rows] == [True, True, False]


def test_a_strict_request_names_hits_without_session_and_keeps_the_others(api: ApiClient) -> None:
    reply = api.post(URL, hits({"path": "/a", "session": "a"}, {"path": "/b"}, no_sessions=False))
    assert reply.status_code == 400
    assert reply.json() == {
        "errors": {
            "1": [
                "session or browser/IP not set; use no_sessions if you don't want to track "
                "unique visits"
            ]
        }
    }
    assert [hit.path for hit in stored(api.tenant.site)] == ["/a"]


def test_of_bots_a_counter_is_kept(api: ApiClient) -> None:
    reply = api.post(URL, quiet({"path": "/foo"}, {"path": "/foo", "user_agent": "curl/7.8"}))
    assert reply.status_code == 202
    assert len(stored(api.tenant.site)) == 1
    assert tallied(api.tenant.site) == {"counted": 1, "bot: short or odd user agent": 1} or any(
        reason.startswith("bot: ") for reason in tallied(api.tenant.site)
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("filters", "kept", "header"),
    [
        ({}, 1, "0"),
        ({"filter": None}, 1, "0"),
        ({"filter": ["ip"]}, 1, "0"),
        ({"filter": []}, 2, None),
    ],
)
def test_the_ignore_list_filters_unless_it_is_switched_off(
    filters: dict[str, Any], kept: int, header: str | None
) -> None:
    api = ApiClient(make_tenant("filtering", ignore_ips="1.1.1.1"))
    reply = api.post(URL, quiet({"path": "/a", "ip": "1.1.1.1"}, {"path": "/b"}, **filters))
    assert reply.status_code == 202
    assert reply.get("X-Goatcounter-Filter") == header
    assert len(stored(api.tenant.site)) == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tag", "code"), [("fr", "fra"), ("en-US", "eng"), ("", ""), ("klingon", ""), ("xx", "")]
)
def test_languages_where_they_are_collected(tag: str, code: str) -> None:
    api = ApiClient(make_tenant("languages", collect=510))
    api.post(URL, quiet({"path": "/foo", "language": tag}))
    assert [hit.language for hit in stored(api.tenant.site)] == [code]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "no hits"),
        (b"  ", "no hits"),
        (b"{}", "no hits"),
        (b'{"hits": []}', "no hits"),
        (b'{"hits": null}', "no hits"),
        (b'{"hits": [], "x": 1}', 'unknown parameter: "x"'),
        (b'{"filter": ["x"], "hits": [{"path": "/a"}]}', "unknown value in Filter: [x]"),
        (b"{{{{", "invalid JSON: "),
        (b'{"hits": [{"path": "/a"}', "invalid JSON: "),
        (b'{"hits": {}}', "invalid JSON: "),
        (b"[]", "invalid JSON: "),
        (b'"x"', "invalid JSON: "),
        (b"\xff\xfe", "invalid JSON: "),
        (b"[" * 100_000, "invalid JSON: "),
    ],
)
def test_a_body_that_is_wrong_as_a_whole(api: ApiClient, body: bytes, error: str) -> None:
    reply = api.post(URL, body)
    assert reply.status_code == 400
    assert list(reply.json()) == ["error"]
    assert reply.json()["error"].startswith(error)
    assert stored(api.tenant.site) == []


def test_at_most_500_hits_in_a_request(api: ApiClient) -> None:
    many = [{"path": f"/{n}"} for n in range(501)]
    reply = api.post(URL, quiet(*many))
    assert reply.status_code == 400
    assert reply.json() == {"error": "maximum amount of pageviews in one batch is 500"}
    assert api.post(URL, quiet(*many[:500])).status_code == 202
    assert len(stored(api.tenant.site)) == 500


@pytest.mark.parametrize(
    ("hit", "text"),
    [
        ({}, "path: must be set, must be longer than 1 characters."),
        ({"path": ""}, "path: must be set, must be longer than 1 characters."),
        ({"path": "/a\0"}, "path: must be UTF-8."),
        ({"path": "/" + "a" * 2048}, "path: must be shorter than 2048 characters."),
        ({"path": "/", "title": "a" * 1025}, "title: must be shorter than 1024 characters."),
        ({"path": "/", "ref": "a" * 2049}, "ref: must be shorter than 2048 characters."),
        (
            {"path": "/", "user_agent": "a" * 513},
            "user_agent_header: must be shorter than 512 characters.",
        ),
        ({"path": 5}, "path: expected `str | null`, got `int`."),
        ({"path": "/", "nonsense": 1}, 'unknown parameter: "nonsense"'),
        ({"path": "/", "size": "x"}, "size: "),
        ({"path": "/", "size": "1e99"}, "size: "),
        ({"path": "/", "bot": 2**63}, "bot: expected `int` <= 9223372036854775807."),
        ({"path": "/", "event": "perhaps"}, "event: must be a boolean."),
        ({"path": "/", "created_at": "yesterday"}, "created_at: "),
        ({"path": "/", "created_at": "2020-01-01T00:00:00"}, "created_at: must be a time"),
        ({"path": "/", "created_at": "1969-12-31T23:59:59Z"}, "created_at: must be after 1970"),
        (
            {"path": "/", "created_at": "0001-01-01T00:00:00+14:00"},
            "created_at: must be after 1970",
        ),
        ({"path": "/", "ip": "1" * 65}, "ip: must be a valid"),
        ({"path": "/", "query": "a" * 8193}, "query: must be shorter than 8192 characters."),
        ({"path": "/", "location": "A" * 17}, "location: must be a country or region code"),
        ({"path": "/", "language": "a" * 129}, "language: must be shorter than 128 characters."),
        ({"path": "/", "id": "x" * 65}, "id: must be shorter than 64 characters."),
        ([], "expected `object`, got `array`."),
        (None, "expected `object`, got `null`."),
    ],
)
def test_a_wrong_hit_is_named_and_its_neighbours_are_kept(
    api: ApiClient, hit: object, text: str
) -> None:
    reply = api.post(URL, {"no_sessions": True, "hits": [{"path": "/a"}, hit, {"path": "/b"}]})
    assert reply.status_code == 400
    [(index, [found])] = reply.json()["errors"].items()
    assert index == "1"
    assert found.lower().startswith(text.lower())
    assert [row.path for row in stored(api.tenant.site)] == ["/a", "/b"]


def test_half_an_emoji_costs_no_hit(api: ApiClient) -> None:
    """JavaScript writes it when it cuts a text inside of one."""
    body = rb'{"no_sessions":true,"hits":[{"path":"/a"},{"path":"/b","title":"cut \ud83d"}]}'
    assert api.post(URL, body).status_code == 202
    assert [(hit.path, hit.title) for hit in stored(api.tenant.site)] == [
        ("/a", ""),
        ("/b", "cut \ufffd"),
    ]


@pytest.mark.parametrize("bot", [0, -1, -150])
def test_only_a_positive_hint_makes_a_bot(api: ApiClient, bot: int) -> None:
    api.post(URL, quiet({"path": "/a", "bot": bot}))
    assert len(stored(api.tenant.site)) == 1


def test_the_ignore_list_knows_an_address_in_any_spelling(db: None) -> None:
    api = ApiClient(make_tenant("spelling", ignore_ips="1.1.1.1"))
    reply = api.post(
        URL, quiet(*({"path": "/", "ip": ip} for ip in ("::ffff:1.1.1.1", " 1.1.1.1")))
    )
    assert reply["X-Goatcounter-Filter"] == "0, 1"


def test_goatcounters_importer_gets_strings(api: ApiClient) -> None:
    reply = api.post(URL, quiet({"path": ""}), X_Goatcounter_Import="yes")
    assert reply.json() == {"errors": {"0": "path: must be set, must be longer than 1 characters."}}


def test_the_future_is_refused_but_for_five_seconds(api: ApiClient) -> None:
    soon, later = (datetime.now(UTC) + timedelta(seconds=s) for s in (2, 60))
    reply = api.post(
        URL,
        quiet(*({"path": "/a", "created_at": at.isoformat()} for at in (soon, later))),
    )
    assert reply.json() == {"errors": {"1": ["created_at: in the future."]}}


def test_a_hit_with_an_id_is_counted_once(api: ApiClient) -> None:
    for _ in range(2):
        assert api.post(URL, quiet({"path": "/a", "id": "x"}, {"path": "/b"})).status_code == 202
    assert [hit.path for hit in stored(api.tenant.site)] == ["/a", "/b", "/b"]
    assert tallied(api.tenant.site) == {"counted": 3, "duplicate": 1}


def test_a_request_with_an_idempotency_key_is_counted_once(api: ApiClient) -> None:
    for key in ("k", "k", "l"):
        api.post(URL, quiet({"path": "/a"}, {"path": "/a"}), Idempotency_Key=key)
    assert len(stored(api.tenant.site)) == 4


def test_gzipped_bodies_are_read_and_bounded(api: ApiClient) -> None:
    body = gzip.compress(json.dumps(quiet({"path": "/a"})).encode())
    assert api.post(URL, body, Content_Encoding="gzip").status_code == 202
    bomb = gzip.compress(b" " * (MAX_BODY + 1))
    assert api.post(URL, bomb, Content_Encoding="gzip").status_code == 413
    two = gzip.compress(b'{"no_sessions": true, ') + gzip.compress(b'"hits": [{"path": "/b"}]}')
    assert api.post(URL, two, Content_Encoding="gzip").status_code == 202
    assert api.post(URL, body[:-5], Content_Encoding="gzip").status_code == 400
    assert api.post(URL, body, Content_Encoding="br").status_code == 400
    assert [hit.path for hit in stored(api.tenant.site)] == ["/a", "/b"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(api: ApiClient, content_type: str) -> None:
    reply = api.post(URL, quiet({"path": "/a"}), Content_Type=content_type)
    assert reply.status_code == 415
    assert list(reply.json()) == ["error"]


def test_parameters_of_the_content_type_do_not_matter(api: ApiClient) -> None:
    reply = api.post(URL, quiet({"path": "/a"}), Content_Type="Application/JSON; charset=utf-8")
    assert reply.status_code == 202


def test_counting_needs_the_permission(api: ApiClient) -> None:
    api.key = make_key(api.tenant.site, api.tenant.user, keys.EXPORT)
    reply = api.post(URL, quiet({"path": "/a"}))
    assert (reply.status_code, reply.json()) == (403, {"error": "requires 'count' permissions"})


def test_a_strangers_key_counts_nothing_here(cast: Cast, stranger: ApiClient) -> None:
    reply = stranger.at(cast.owner).post(URL, quiet({"path": "/a"}))
    assert (reply.status_code, reply.json()) == (401, {"error": "unknown token"})
    assert stored(cast.owner.site) == []


def test_the_same_id_of_two_tenants_is_two_hits(api: ApiClient, stranger: ApiClient) -> None:
    for client in (api, stranger):
        client.post(URL, quiet({"path": "/a", "id": "same"}))
    assert len(stored(api.tenant.site)) == len(stored(stranger.tenant.site)) == 1
