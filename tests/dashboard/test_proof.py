"""Fresh proof: asked for after ten minutes, and what was sent meanwhile is not lost."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from sites.models import AuditEvent
from tests.dashboard.browser import PASSWORD, at, key_form, minutes_later, signed_in
from tests.make import Cast

KEYS = "/settings/auth/keys"


def hidden(page: str) -> dict[str, str]:
    """What the page's form takes along."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def test_signing_in_is_a_proof_for_ten_minutes(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    form = key_form(browser)
    with minutes_later(9):
        assert "new-key" in browser.post(KEYS, form).content.decode()
    form = key_form(browser)
    with minutes_later(11):
        assert browser.post(KEYS, form).status_code == 403


def test_a_form_without_proof_is_kept_and_done_after_it(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    form = key_form(browser, name='<b>"mine"</b>', permissions=["count", "export"])
    with minutes_later(11):
        page = browser.post(KEYS, form).content.decode()
        assert "Nothing is done yet." in page
        assert "<b>" not in page
        assert f'action="{KEYS}"' in page
        wrong = browser.post(KEYS, form | {"proof-password": "wrong"})
        assert wrong.status_code == 400
        assert "This is not your password." in wrong.content.decode()
        kept = hidden(wrong.content.decode())
        assert kept["name"] == '<b>"mine"</b>'
        made = browser.post(KEYS, form | {"proof-password": PASSWORD})
        assert "new-key" in made.content.decode()
        assert "mine" in made.content.decode()
    assert cast.owner.account.api_keys.count() == 2


def test_a_page_is_come_back_to(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    path = f"{KEYS}/{cast.owner.account.api_keys.get().pk}/revoke?x=1&y=2"
    with minutes_later(11):
        asked = browser.get(path)
        assert asked["Location"].startswith("/prove?next=")
        page = browser.get(asked["Location"]).content.decode()
        assert hidden(page)["next"] == path
        proved = browser.post("/prove", {"next": path, "proof-password": PASSWORD})
        assert (proved.status_code, proved["Location"]) == (302, path)
        assert browser.get(path)["Location"] == "/settings/auth"


def test_nobody_is_sent_to_another_host(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    for wanted in ("//evil.example", "https://evil.example/", "/\\evil.example", ""):
        reply = browser.post("/prove", {"next": wanted, "proof-password": PASSWORD})
        assert reply["Location"] == "/settings/auth"
        page = browser.http.get("/prove", {"next": wanted}, headers={"host": cast.owner.host})
        assert "evil" not in page.content.decode()


def test_only_who_is_signed_in_can_prove_anything(cast: Cast) -> None:
    for browser in (at(cast.owner), at(cast.stranger)):
        reply = browser.post("/prove", {"proof-password": PASSWORD})
        assert reply["Location"] == "/sign-in?next=%2Fprove"
    here = at(cast.owner)
    here.http.cookies["goatapi_session"] = signed_in(cast.stranger).session_key
    assert here.post("/prove", {"proof-password": PASSWORD})["Location"].startswith("/sign-in")


def test_a_proof_is_of_one_session_alone(cast: Cast) -> None:
    here, elsewhere = signed_in(cast.owner), signed_in(cast.owner)
    form = key_form(elsewhere)
    with minutes_later(11):
        assert here.post("/prove", {"proof-password": PASSWORD}).status_code == 302
        assert elsewhere.post(KEYS, form).status_code == 403


@pytest.mark.parametrize("path", ["/prove", KEYS])
def test_guessing_is_limited(cast: Cast, limited: Callable[[int], None], path: str) -> None:
    browser = signed_in(cast.owner)
    form = key_form(browser)
    with minutes_later(11):
        limited(2)
        tries = [browser.post(path, form | {"proof-password": "x"}).status_code for _ in range(3)]
        assert tries == [400, 400, 429]
        right = browser.post(path, form | {"proof-password": PASSWORD})
        assert right.status_code == 429
        assert "Too many tries" in right.content.decode()


def test_failed_proofs_are_told(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    browser.post("/settings/auth/password", {"current": "x"})
    with minutes_later(11):
        browser.post("/prove", {"proof-password": "x"})
        browser.post(KEYS, key_form(browser) | {"proof-password": "x"})
    told = AuditEvent.objects.filter(action="proof.failed", account=cast.owner.account)
    assert {event.actor_email for event in told} == {cast.owner.user.email}
    assert told.count() == 3
    assert "failed to confirm their identity" in browser.get("/settings/audit").content.decode()
