"""Preferences: chosen on their page, seen on every page and in the API."""

import html
import re
from typing import Any

import pytest
import time_machine

from sites import services, zones
from sites.models import Role, User
from sites.preferences import beginning
from tests.client import Client
from tests.dashboard.browser import Browser, at, signed_in
from tests.make import Cast, Tenant, make_cast

pytestmark = pytest.mark.django_db

PAGE = "/settings/preferences"
GERMAN = {
    "language": "de-DE",
    "theme": "dark",
    "timezone": "DE.Europe/Berlin",
    "date_format": "02-01-2006",
    "twenty_four_hours": "on",
    "sunday_starts_week": "off",
    "number_format": "46",
}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def owner(cast: Cast) -> Tenant:
    return cast.owner


def text_of(reply: Any) -> str:
    return html.unescape(reply.content.decode())


def checked(page: str, name: str) -> list[str]:
    """The values chosen among the radio buttons of this name."""
    tags = re.findall(rf'<input type="radio" name="{name}"[^>]*>', page)
    return [re.findall(r'value="([^"]*)"', tag)[0] for tag in tags if " checked" in tag]


def settings_by_api(tenant: Tenant) -> dict[str, Any]:
    headers = {"host": tenant.host, "authorization": f"Bearer {tenant.key}"}
    return dict(Client().get("/api/v0/me", headers=headers).json()["user"]["settings"])


def save(browser: Browser, **changes: str) -> Any:
    return browser.post(PAGE, GERMAN | changes)


@pytest.mark.parametrize("role", list(Role))
def test_every_member_has_preferences(owner: Tenant, role: Role) -> None:
    browser = signed_in(owner, role)
    assert browser.get(PAGE).status_code == 200
    reply = save(browser)
    assert (reply.status_code, reply["Location"]) == (302, PAGE)
    assert 'class="notice"' in text_of(browser.get(PAGE))


def test_passers_by_and_strangers_have_none_here(cast: Cast) -> None:
    passer_by, stranger = at(cast.owner), signed_in(cast.stranger)
    stranger.host = cast.owner.host
    for browser in (passer_by, stranger):
        assert browser.get(PAGE)["Location"].startswith("/sign-in")
        assert save(browser)["Location"].startswith("/sign-in")
    assert {user.preferences == {} for user in User.objects.all()} == {True}


def test_the_form_shows_what_is_so(owner: Tenant) -> None:
    browser = signed_in(owner)
    page = text_of(browser.get(PAGE))
    assert checked(page, "language") == [""]
    assert checked(page, "date_format") == ["2 Jan ’06"]
    assert '<option value=".UTC" selected>' in page
    save(browser)
    page = text_of(browser.get(PAGE))
    assert checked(page, "language") == ["de-DE"]
    assert checked(page, "theme") == ["dark"]
    assert checked(page, "twenty_four_hours") == ["on"]
    assert checked(page, "sunday_starts_week") == ["off"]
    assert checked(page, "number_format") == ["46"]
    assert '<option value="DE.Europe/Berlin" selected>' in page


def test_the_api_shows_what_was_chosen(owner: Tenant) -> None:
    before = settings_by_api(owner)
    save(signed_in(owner))
    assert settings_by_api(owner) == before | {
        "language": "de-DE",
        "theme": "dark",
        "timezone": "DE.Europe/Berlin",
        "date_format": "02-01-2006",
        "twenty_four_hours": True,
        "number_format": 46,
    }


def test_colours_are_the_systems_unless_chosen(owner: Tenant) -> None:
    browser = signed_in(owner)
    assert "data-theme" not in text_of(browser.get(PAGE))
    save(browser, theme="light")
    assert '<html lang="de" data-theme="light">' in text_of(browser.get("/settings/auth"))
    save(browser, theme="")
    assert "data-theme" not in text_of(browser.get("/settings/auth"))
    assert settings_by_api(owner)["theme"] == ""


def test_what_can_not_be_chosen_is_refused_beside_its_field(owner: Tenant) -> None:
    browser = signed_in(owner)
    wrong = {
        "language": "xx",
        "theme": "<b>",
        "timezone": "Mars.Olympus",
        "date_format": "%s",
        "twenty_four_hours": "maybe",
        "number_format": "65",
    }
    for name, value in wrong.items():
        reply = save(browser, **{name: value})
        assert reply.status_code == 400
        assert f'id="id_{name}_error"' in text_of(reply)
    assert User.objects.get(pk=owner.user.pk).preferences == {}


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ({}, "29-11-2026, 00:30"),
        ({"timezone": ".UTC"}, "28-11-2026, 23:30 UTC"),
        ({"timezone": "US.America/New_York", "date_format": "01/02/06"}, "11/28/26, 18:30"),
        ({"date_format": "2 Jan ’06", "language": "en-GB"}, "29 Nov ’26, 00:30"),
        ({"date_format": "Mon Jan 2 2006"}, "So Nov 29 2026, 00:30"),
        ({"date_format": "2006-01-02", "twenty_four_hours": "off"}, "2026-11-29, 12:30 "),
    ],
)
def test_moments_are_shown_in_the_readers_zone_and_format(
    owner: Tenant, chosen: dict[str, str], shown: str
) -> None:
    browser = signed_in(owner)
    save(browser, **chosen)
    with time_machine.travel("2026-11-28T23:30:00Z", tick=False):
        page = text_of(browser.get(PAGE))
    assert f'<time datetime="2026-11-28T23:30:00Z">{shown}' in page


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("8239", "1\u202f234\u202f567"),
        ("160", "1\u00a0234\u00a0567"),
        ("44", "1,234,567"),
        ("46", "1.234.567"),
        ("39", "1'234'567"),
        ("1", "1234567"),
    ],
)
def test_figures_are_grouped_as_chosen(owner: Tenant, code: str, shown: str) -> None:
    browser = signed_in(owner)
    save(browser, number_format=code)
    assert f"· {shown}</p>" in text_of(browser.get(PAGE))


def test_every_zone_can_be_chosen_once() -> None:
    tags = [zones.tag(name) for name in zones.names()]
    assert len(set(tags)) == len(tags) > 400
    assert {"DE.Europe/Berlin", "ID.Asia/Makassar", ".UTC", ".CET"} <= set(tags)
    assert all(zones.zone(zones.tag(name)).key == name for name in zones.names())


def test_who_signs_up_begins_as_their_browser_is(owner: Tenant) -> None:
    chosen = beginning(language="de", timezone="Europe/Berlin")
    services.change_preferences(user=owner.user, **chosen)
    assert settings_by_api(owner)["timezone"] == "DE.Europe/Berlin"
    assert beginning(language="fr", timezone="Mars/Olympus") == {
        "language": "en-GB",
        "timezone": ".UTC",
        "twenty_four_hours": True,
    }


def test_a_change_keeps_what_others_have_written(owner: Tenant) -> None:
    stale = User.objects.get(pk=owner.user.pk)
    services.change_preferences(user=owner.user, theme="dark")
    services.change_preferences(user=stale, language="de-DE")
    assert User.objects.get(pk=owner.user.pk).preferences == {"theme": "dark", "language": "de-DE"}
