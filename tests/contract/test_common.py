"""What every answer under /api has in common: part 1.1 and the contract's "How we read it"."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from prometheus_client import REGISTRY

from goatapi.errors import Unavailable
from sites import services
from sites.directory import directory
from tests.client import ApiClient, Client
from tests.make import Cast, make_tenant

DAY = 86_400
"""Seconds of a limit's window that does not end within a test."""


def test_unknown_paths_are_json(api: ApiClient) -> None:
    reply = api.post("/api/v0/doesnt-exist", {})
    assert (reply.status_code, reply.json()) == (404, {"error": "not found"})
    assert reply["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v0/count"),
        ("GET", "/api/v0/count"),
        ("PATCH", "/api/v0/export"),
        ("POST", "/api/v0/me"),
    ],
)
def test_other_methods_are_refused(api: ApiClient, method: str, path: str) -> None:
    reply = api.send(method, path)
    assert (reply.status_code, reply.json()) == (405, {"error": "method not allowed"})


def test_a_trailing_slash_is_redirected_to_the_path_without(api: ApiClient) -> None:
    reply = api.get("/api/v0/export/?limit=2")
    assert (reply.status_code, reply["Location"]) == (301, "/api/v0/export?limit=2")
    away = Client().get("/", SERVER_NAME=api.host, PATH_INFO="//evil.example/")
    assert away["Location"] == "/evil.example"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/\\evil.example/", "/evil.example"),
        ("/\t/evil.example/", "/evil.example"),
        ("/a\r\nX-A: 1/", "/a%0D%0AX-A:%201"),
        ("/a?b/", "/a%3Fb"),
    ],
)
def test_a_redirect_never_leaves_the_site(api: ApiClient, path: str, target: str) -> None:
    away = Client().get("/", SERVER_NAME=api.host, PATH_INFO=path)
    assert (away.status_code, away["Location"]) == (301, target)


def test_a_window_outlives_the_caches_own_timeout(settings: Any, db: None) -> None:
    """Django's cache would give a counter five minutes whenever it is counted up."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"api": (3, DAY)})
    api = ApiClient(make_tenant("patient"))
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        left = [api.get("/api/v0/me")["X-Rate-Limit-Remaining"] for _ in range(2)]
    with time_machine.travel(now + timedelta(minutes=20), tick=False):
        left.append(api.get("/api/v0/me")["X-Rate-Limit-Remaining"])
    assert left == ["2", "1", "0"]


def test_limits_are_told_on_refusals_too(settings: Any, db: None) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"api": (9, DAY)})
    api = ApiClient(make_tenant("refusing"))
    for reply in (
        api.post("/api/v0/export", {}, Content_Type="text/plain"),
        api.get("/api/v0/me/"),
        api.get("/api/v0/nothing"),
    ):
        assert reply.status_code in (415, 301, 404)
        assert reply["X-Rate-Limit-Limit"] == "9"


def test_answers_are_json_whatever_is_asked_for(api: ApiClient) -> None:
    reply = api.get("/api/v0/me", Accept="text/html")
    assert reply.status_code == 200
    assert reply["Content-Type"] == "application/json; charset=utf-8"
    reply = ApiClient(api.tenant, key="x").get("/api/v0/me", Accept="text/html")
    assert (reply.status_code, list(reply.json())) == (401, ["error"])


def test_success_is_indented_ends_in_a_newline_and_escapes_markup(api: ApiClient) -> None:
    body = api.get("/api/v0/me").content.decode()
    assert body.startswith('{\n  "user": {')
    assert body.endswith("}\n")
    wrong = api.get("/api/v0/export?<x>&y=1").content.decode()
    assert "\\u003cx\\u003e" in wrong


@pytest.mark.parametrize("path", ["/api/v0/count", "/api/v0/export/1", "/api/v0/doesnt-exist"])
def test_preflights_are_answered_on_every_path_without_a_key(cast: Cast, path: str) -> None:
    reply = Client().options(
        path, headers={"Origin": "https://app.example"}, SERVER_NAME=cast.owner.host
    )
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in reply["Access-Control-Allow-Headers"]
    assert "POST" in reply["Access-Control-Allow-Methods"]
    assert not {"Access-Control-Allow-Credentials", "Allow"} & reply.headers.keys()


def test_scripts_of_other_origins_may_read_the_limits(api: ApiClient) -> None:
    reply = api.get("/api/v0/me", Origin="https://app.example")
    assert reply["Access-Control-Allow-Origin"] == "*"
    assert "X-Rate-Limit-Remaining" in reply["Access-Control-Expose-Headers"]


@pytest.mark.django_db
def test_limits_are_by_key_and_told_on_every_answer(settings: Any) -> None:
    limits = {"api": (3, DAY), "api-count": (1, DAY)}
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit=limits)
    api, other = ApiClient(make_tenant("limited")), ApiClient(make_tenant("other"))
    replies = [api.get("/api/v0/me"), api.get("/api/v0/nothing"), api.get("/api/v0/me")]
    assert [reply.status_code for reply in replies] == [200, 404, 200]
    assert [reply["X-Rate-Limit-Remaining"] for reply in replies] == ["2", "1", "0"]
    assert all(reply["X-Rate-Limit-Limit"] == "3" for reply in replies)
    refused = api.get("/api/v0/me")
    assert refused.status_code == 429
    assert refused["Retry-After"] == refused["X-Rate-Limit-Reset"]
    assert refused.json()["error"].startswith("rate limited exceeded; try again in ")
    assert api.post("/api/v0/count", {"hits": [{"path": "/a"}]}).status_code == 202
    assert api.post("/api/v0/count", {"hits": [{"path": "/a"}]}).status_code == 429
    assert other.get("/api/v0/me").status_code == 200


@pytest.mark.django_db
def test_requests_without_a_good_key_share_their_addresss_limit(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"api": (2, DAY)})
    tenant = make_tenant("guessed")
    answers = [ApiClient(tenant, key=f"guess{n}").get("/api/v0/me").status_code for n in range(3)]
    assert answers == [401, 401, 429]
    assert ApiClient(tenant).get("/api/v0/me").status_code == 200


@pytest.mark.django_db
def test_a_broken_limit_store_lets_requests_pass(settings: Any, monkeypatch: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"api": (1, DAY)})
    api = ApiClient(make_tenant("passing"))

    def away(*_: Any, **__: Any) -> None:
        raise ConnectionError("the store is away")

    monkeypatch.setattr("goatapi.http.ratelimit.get_usage", away)
    before = _failures()
    assert [api.get("/api/v0/me").status_code for _ in range(3)] == [200] * 3
    assert _failures() - before == 3


def test_a_crash_is_told_by_a_code_and_nothing_of_its_cause(
    api: ApiClient, monkeypatch: Any
) -> None:
    def crash(**_: Any) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr("exports.queries.exports_of", crash)
    reply = api.get("/api/v0/export")
    assert reply.status_code == 500
    assert reply.json()["error"].startswith("unexpected error code ‘")
    assert b"secret" not in reply.content


def test_an_unknown_host_is_told_so(cast: Cast) -> None:
    reply = Client().get("/api/v0/me", SERVER_NAME="nobody.example.com")
    assert reply.status_code == 404
    assert reply.json() == {"error": 'no site at this domain ("nobody.example.com")'}
    page = Client().get("/", SERVER_NAME="<script>.example.com")
    assert page.status_code == 404
    assert b"<script>." not in page.content


@pytest.mark.parametrize("path", ["/status", "/healthz", "/readyz"])
def test_machines_get_their_answers_on_any_host(cast: Cast, path: str) -> None:
    assert Client().get(path, SERVER_NAME="nobody.example.org").status_code == 200


def test_certificates_are_for_domains_that_are_served(cast: Cast, settings: Any) -> None:
    services.set_domain(site=cast.owner.site, domain="stats.owner.org")

    def asked(domain: str) -> int:
        reply = Client().get("/tls-check", {"domain": domain}, SERVER_NAME="127.0.0.1")
        assert not reply.cookies
        return reply.status_code

    for served in (
        settings.ENVIRONMENT.domain,
        cast.owner.host,
        "Stats.Owner.org",
        "stats.owner.org.",
    ):
        assert asked(served) == 200
    for other in (
        "nobody.example.com",
        "owner.org",
        "localhost",
        "127.0.0.1",
        "",
        "a b",
        "x" * 500,
    ):
        assert asked(other) == 404


@pytest.mark.django_db
def test_certificates_wait_for_a_database_that_is_away(monkeypatch: Any) -> None:
    def away(_: Any) -> None:
        raise Unavailable("away", retry_after=1)

    monkeypatch.setattr(directory(), "find", away)
    assert Client().get("/tls-check", {"domain": "owner.example.com"}).status_code == 503


def test_status_tells_what_runs(cast: Cast) -> None:
    shown = Client().get("/status", SERVER_NAME="x").json()
    assert {"uptime", "version", "database"} <= shown.keys()


def test_robots_stay_out(cast: Cast) -> None:
    reply = Client().get("/robots.txt", SERVER_NAME=cast.owner.host)
    assert reply.content == b"User-agent: *\nDisallow: /\n"


def _failures() -> float:
    name = "goatapi_limiter_failures_total"
    return REGISTRY.get_sample_value(name, {"limit": "api"}) or 0.0
