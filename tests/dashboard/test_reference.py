"""`/api.html` and `/api2.html`: whose host they name, what they hold, how they are kept."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from dashboard.reference import page
from goatapi.http.schema import openapi_31
from tests.client import Client
from tests.dashboard.browser import Browser, at, signed_in
from tests.make import Cast

ROOT = Path(__file__).resolve().parents[2]
START = Browser("example.com")
PATHS = ("/api.html", "/api2.html")
HOSTILE = (
    'owner.example.com"><script>',
    "owner.example.com/evil",
    "evil.example",
    "owner.example.com.evil.example",
    "owner.example.com:80@evil.example",
    "",
)


def text_of(reply: Any) -> str:
    return str(reply.content.decode())


def operations() -> dict[str, Any]:
    """All of the description, by id."""
    found = {}
    for item in openapi_31()["paths"].values():
        for operation in item.values():
            found[operation["operationId"]] = operation
    assert len(found) > 5
    return found


def commands(text: str) -> list[str]:
    return [
        unescape(each)
        for each in re.findall(r'<pre class="curl"[^>]*><code>(.*?)</code>', text, re.DOTALL)
    ]


@pytest.mark.parametrize("path", PATHS)
def test_the_pages_are_on_every_host_that_is_ours(cast: Cast, path: str) -> None:
    for browser in (START, at(cast.owner), at(cast.stranger), signed_in(cast.owner)):
        reply = browser.get(path)
        assert (reply.status_code, reply["Content-Type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", PATHS)
def test_a_hosts_page_is_nobodys_when_the_host_is(cast: Cast, path: str) -> None:
    for host in HOSTILE:
        reply = Browser(host).get(path)
        assert reply.status_code in (400, 404)
        assert "<script" not in text_of(reply)


@pytest.mark.parametrize("path", PATHS)
def test_who_posts_to_a_page_is_told_so_by_a_page(cast: Cast, path: str) -> None:
    for browser in (START, at(cast.owner)):
        reply = browser.post(path, token=False)
        assert (reply.status_code, reply["Allow"]) == (405, "GET, HEAD")
        assert "can only be read" in text_of(reply)


def test_a_path_beside_the_pages_is_not_there_as_a_page(cast: Cast) -> None:
    assert "There is nothing here." in text_of(at(cast.owner).get("/api3.html"))
    assert Browser("nobody.example.com").get("/api.html")["Content-Type"].startswith("text/html")


def test_the_commands_name_the_readers_own_host(cast: Cast) -> None:
    for tenant in (cast.owner, cast.stranger, cast.owner):
        found = commands(text_of(Browser(f"{tenant.host}:8080").get("/api.html")))
        assert len(found) == len(operations())
        assert all(f"api=http://{tenant.host}:8080/api/v0\n" in each for each in found)


def test_no_page_tells_of_another_tenant(cast: Cast) -> None:
    owner, stranger = (text_of(at(each).get("/api.html")) for each in (cast.owner, cast.stranger))
    assert cast.stranger.host not in owner
    assert cast.owner.host not in stranger
    assert owner.replace(cast.owner.host, cast.stranger.host) == stranger


def test_the_services_own_page_names_an_example(cast: Cast) -> None:
    for host in ("example.com", "localhost", "example.com:81"):
        found = commands(text_of(Browser(host).get("/api.html")))
        assert all("api=http://my-site.example.com:8000/api/v0\n" in each for each in found)


def test_every_operation_object_and_tag_has_its_anchor(cast: Cast) -> None:
    ids = re.findall(r' id="([^"]+)"', text_of(at(cast.owner).get("/api.html")))
    assert len(ids) == len(set(ids))
    schemas = openapi_31()["components"]["schemas"]
    tags = {tag for operation in operations().values() for tag in operation["tags"]}
    assert {"count", *operations()} <= set(ids)
    assert {f"schema-{name}" for name in schemas} <= set(ids)
    assert {f"tag-{name}" for name in tags} <= set(ids)


def test_every_link_within_the_page_leads_somewhere(cast: Cast) -> None:
    text = text_of(at(cast.owner).get("/api.html"))
    ids = set(re.findall(r' id="([^"]+)"', text))
    links = set(re.findall(r'href="#([^"]+)"', text))
    assert ids - links == {"main"} - links
    assert links <= ids


def test_an_operation_says_who_may_and_how_often(cast: Cast) -> None:
    text = re.sub(r"<[^>]+>", "", text_of(at(cast.owner).get("/api.html")))
    assert re.search(
        r"A key that may count\s+Rate limit api-count: 60 requests in 120 seconds", text
    )
    assert "Needs a key with" not in text


def test_every_status_and_header_of_an_operation_is_on_the_page(cast: Cast) -> None:
    text = text_of(at(cast.owner).get("/api.html"))
    articles = text.split('<article class="operation">')[1:]
    assert len(articles) == len(operations())
    for article in articles:
        operation = next(each for name, each in operations().items() if f'id="{name}"' in article)
        for status, answer in operation["responses"].items():
            assert f">{status}</span>" in article
            assert all(f"<code>{name}</code>" in article for name in answer.get("headers", {}))


def test_the_page_has_nothing_inline_no_script_and_nothing_foreign(cast: Cast) -> None:
    text = text_of(at(cast.owner).get("/api.html"))
    assert "<script" not in text
    assert "<style" not in text
    assert " style=" not in text
    assert not re.search(r'(src|href|action)="?(//|http)', text)


def test_the_page_leads_to_the_documents_and_is_led_to(cast: Cast) -> None:
    text = text_of(at(cast.owner).get("/api.html"))
    for name in ("api.json", "api.openapi.json", "api2.html"):
        assert f'href="{name}"' in text
    assert text_of(at(cast.owner).get("/help")).count('href="/api.html"') == 2
    assert 'href="/api.html"' in text_of(at(cast.owner).get("/api2.html"))


@pytest.mark.parametrize("path", PATHS)
def test_a_reader_who_has_the_page_gets_304(cast: Cast, path: str) -> None:
    reply = at(cast.owner).get(path)
    assert reply["Cache-Control"] == "public, no-cache"
    assert re.fullmatch(r'"[0-9a-f]{32}"', reply["ETag"])
    again = at(cast.owner).get(path, **{"if-none-match": reply["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", reply["ETag"])
    assert at(cast.owner).get(path, **{"if-none-match": '"other"'}).status_code == 200
    assert not reply.cookies
    assert "Cookie" not in reply.get("Vary", "")


def test_a_tag_is_of_one_hosts_page_alone(cast: Cast) -> None:
    tag = at(cast.owner).get("/api.html")["ETag"]
    assert at(cast.stranger).get("/api.html", **{"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_head_gives_the_headers_alone(cast: Cast, path: str) -> None:
    reply = Client().head(path, headers={"host": cast.owner.host})
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply["ETag"] == at(cast.owner).get(path)["ETag"]


def test_the_copy_for_the_folder_works_in_it() -> None:
    text = page("https://my-site.example.com")
    assert "api=https://my-site.example.com/api/v0\n" in commands(text)[0]
    assert "api2.html" not in text
    assert not re.search(r'(src|href)="/', text)
    for name in re.findall(r'(?:src|href)="\.\./([^"]+)"', text):
        assert (ROOT / name).is_file()
    assert "../static/reference.css" in text


def test_an_origin_is_text_and_no_markup() -> None:
    assert "<b>" not in page("https://<b>")


def test_swagger_ui_comes_from_here_without_what_it_does_not_need(cast: Cast) -> None:
    reply = at(cast.owner).get("/api2.html")
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', text_of(reply))
    assert len(files) == 6
    for name in files:
        kept = at(cast.owner).get(name)
        assert (kept.status_code, "immutable" in kept["Cache-Control"]) == (200, True)
    for name in (
        "swagger-ui-bundle.js.map",
        "oauth2-redirect.html",
        "swagger-ui-standalone-preset.js",
    ):
        assert at(cast.owner).get(f"/static/swagger-ui/{name}").status_code == 404
    assert "'unsafe" not in reply["Content-Security-Policy"]
    assert reply["Content-Security-Policy"].startswith("default-src 'self';")
