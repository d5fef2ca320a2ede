"""Pages in their reader's language; the API in English."""

import html
from typing import Any

import pytest
from django.utils import translation

from sites import services
from sites.formats import reader
from sites.models import User
from sites.preferences import language_of
from tests.client import Client
from tests.dashboard.browser import Browser, at, signed_in
from tests.make import Tenant, make_tenant

pytestmark = pytest.mark.django_db

GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}
FRENCH = {"accept-language": "fr-FR,fr;q=0.9"}


@pytest.fixture
def owner() -> Tenant:
    return make_tenant("owner")


def language(reply: Any) -> str:
    """What the page says it is in; its header says the same."""
    text = reply.content.decode()
    tag = text.partition('<html lang="')[2].partition('"')[0]
    assert tag == reply["Content-Language"]
    return str(tag)


@pytest.mark.parametrize(("asked", "given"), [({}, "en"), (GERMAN, "de"), (FRENCH, "en")])
def test_strangers_are_answered_as_their_browser_asks(
    owner: Tenant, asked: dict[str, str], given: str
) -> None:
    for browser, path in (
        (at(owner), "/sign-in"),
        (at(owner), "/help"),
        (at(owner), "/nothing-here"),
        (Browser("example.com"), "/"),
    ):
        reply = browser.get(path, **asked)
        assert language(reply) == given
        assert "Accept-Language" in reply["Vary"]


def test_a_choice_wins_over_the_browser(owner: Tenant) -> None:
    browser = signed_in(owner)
    assert language(browser.get("/settings/auth", **GERMAN)) == "de"
    services.change_preferences(user=owner.user, language="en-GB")
    assert language(browser.get("/settings/auth", **GERMAN)) == "en"
    services.change_preferences(user=owner.user, language="de-DE")
    assert language(browser.get("/settings/auth")) == "de"
    services.change_preferences(user=owner.user, language="")
    assert language(browser.get("/settings/auth")) == "en"


def test_who_makes_the_first_account_is_written_to_as_they_read() -> None:
    services.create_first_site(code="first", email="a@example.net", password="x", language="de")
    ann = User.objects.get(email="a@example.net")
    assert (language_of(ann), reader(ann).twenty_four_hours) == ("de", True)


def test_texts_are_in_that_language(owner: Tenant) -> None:
    page = html.unescape(at(owner).get("/sign-in", **GERMAN).content.decode())
    assert "Anmelden" in page
    assert "Sign in" not in page


def test_refusals_of_forms_are_in_that_language(owner: Tenant) -> None:
    services.change_preferences(user=owner.user, language="de-DE")
    reply = signed_in(owner).post("/settings/auth/password", {"current": "wrong"})
    page = html.unescape(reply.content.decode())
    assert "Das ist nicht Ihr aktuelles Passwort." in page
    assert "Dieses Feld ist zwingend erforderlich." in page


def test_the_api_speaks_english_to_everybody(owner: Tenant) -> None:
    headers = {"host": owner.host, "authorization": f"Bearer {owner.key}"}

    def texts(**more: str) -> list[Any]:
        api = Client(raise_request_exception=False)
        return [
            api.post("/api/v0/export", "{", "application/json", headers=headers | more).content,
            api.post(
                "/api/v0/export", {"format": 5}, "application/json", headers=headers | more
            ).content,
            api.get("/api/v0/sites/99", headers=headers | more).content,
            api.get("/api/v0/me", headers={"host": owner.host, **more}).content,
            api.get("/api/v0/me", headers={"host": "nobody.example.com", **more}).content,
        ]

    english = texts()
    services.change_preferences(user=owner.user, language="de-DE")
    assert texts(**GERMAN) == english


def test_a_german_page_leaves_nothing_behind_for_the_next_request(owner: Tenant) -> None:
    at(owner).get("/sign-in", **GERMAN)
    at(owner).get("/nothing-here", **GERMAN)
    assert translation.get_language() == "en"


def test_the_reference_is_in_english_whoever_reads_it_first(owner: Tenant) -> None:
    for path in ("/api.html", "/api2.html"):
        assert language(at(owner).get(path, **GERMAN)) == "en"


def test_mails_are_in_the_language_that_was_chosen(owner: Tenant) -> None:
    assert language_of(owner.user) == "en"
    assert language_of(None, otherwise="de") == "de"
    services.change_preferences(user=owner.user, language="de-DE")
    assert language_of(owner.user) == "de"


@pytest.mark.parametrize(
    ("size", "english", "german"),
    [
        (0, "0 B", "0 B"),
        (999, "999 B", "999 B"),
        (1500, "1.5 kB", "1,5 kB"),
        (999_600, "1.0 MB", "1,0 MB"),
        (12_345_678, "12 MB", "12 MB"),
        (5 * 10**15, "5.0 PB", "5,0 PB"),
    ],
)
def test_sizes_are_short(size: int, english: str, german: str) -> None:
    assert reader(language="en").size(size) == english
    assert reader(language="de").size(size) == german
