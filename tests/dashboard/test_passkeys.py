"""Passkeys: made, used as the only way in or as the second factor, and worth nothing anywhere else."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from allauth.mfa.models import Authenticator

from sites.models import AuditEvent, Role, User
from sites.services import add_member, add_site
from tests.dashboard.authenticator import (
    NEW,
    PRESENT,
    VERIFIED,
    Phone,
    asked,
    give_new,
    make_passkey,
    phone_at,
    sign_in_with,
)
from tests.dashboard.browser import Browser, at, minutes_later, signed_in
from tests.dashboard.codes import recovery_codes
from tests.make import Cast

REFUSAL = "This passkey does not open this site."


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """With a passkey of the owner."""
    return make_passkey(signed_in(cast.owner))


def is_in(browser: Browser) -> bool:
    """Whether the settings are open."""
    return bool(browser.get("/settings/auth").status_code == 200)


def test_one_is_made_and_named(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    options = asked(browser.get("/settings/auth/passkeys").content.decode())
    assert options["rp"]["id"] == "example.com"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    make_passkey(browser)
    assert len(recovery_codes(browser)) == 10
    assert "Phone" in browser.get("/settings/auth").content.decode()
    assert AuditEvent.objects.get(action="mfa.passkey.added").details == {"name": "Phone"}


def test_it_is_the_whole_way_in(cast: Cast, phone: Phone) -> None:
    browser = at(cast.owner)
    browser.http.cookies["goatapi_session"] = "a" * 32
    reply = sign_in_with(browser, phone, next="/help")
    assert (reply.status_code, reply["Location"]) == (302, "/help")
    assert is_in(browser)
    assert browser.session_key not in ("", "a" * 32)
    away = at(cast.owner)
    assert sign_in_with(away, phone, next="//evil.example")["Location"] == "/settings/auth"


def test_it_is_the_second_factor_after_the_password(cast: Cast, phone: Phone) -> None:
    browser = at(cast.owner)
    assert browser.sign_in("owner@example.net")["Location"] == "/sign-in/factor"
    options = asked(browser.get("/sign-in/factor").content.decode())
    assert len(options["allowCredentials"]) == 1
    assert not is_in(browser)
    reply = browser.post("/sign-in/factor", {"credential": phone.use(options)})
    assert reply["Location"] == "/settings/auth"
    assert is_in(browser)


def test_it_is_a_fresh_proof(cast: Cast, phone: Phone) -> None:
    browser = at(cast.owner)
    sign_in_with(browser, phone)
    with minutes_later(11):
        page = browser.get("/prove?next=/settings/auth/totp").content.decode()
        given = {"proof-credential": phone.use(asked(page)), "next": "/settings/auth/totp"}
        assert browser.post("/prove", given)["Location"] == "/settings/auth/totp"
        assert browser.get("/settings/auth/totp").status_code == 200


def test_an_answer_is_good_once(cast: Cast, phone: Phone) -> None:
    browser = at(cast.owner)
    options = browser.get("/sign-in/passkey", accept="application/json").json()
    answer = phone.use(options)
    assert browser.post("/sign-in/passkey", {"credential": answer}).status_code == 302
    browser.post("/sign-out")
    again = browser.post("/sign-in/passkey", {"credential": answer})
    assert again.status_code == 400
    assert REFUSAL in again.content.decode()
    elsewhere = at(cast.owner)
    elsewhere.get("/sign-in/passkey", accept="application/json")
    assert elsewhere.post("/sign-in/passkey", {"credential": answer}).status_code == 400


def test_what_was_asked_is_forgotten_after_ten_minutes(cast: Cast, phone: Phone) -> None:
    browser = at(cast.owner)
    options = browser.get("/sign-in/passkey", accept="application/json").json()
    with minutes_later(11):
        reply = browser.post("/sign-in/passkey", {"credential": phone.use(options)})
        assert reply.status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://stranger.example.com"},
        {"origin": "https://owner.example.com"},
        {"rp_id": "owner.example.com"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"id": b"another id ....."},
        {"key": Phone("").key},
    ],
)
def test_an_answer_that_breaks_a_rule_opens_nothing(
    cast: Cast, phone: Phone, wrong: dict[str, object]
) -> None:
    browser = at(cast.owner)
    assert sign_in_with(browser, replace(phone, **wrong)).status_code == 400  # type: ignore[arg-type]  # as in the table
    assert not is_in(browser)


@pytest.mark.parametrize("wrong", [{"origin": "http://evil.example"}, {"flags": PRESENT}])
def test_none_is_made_against_the_rules(cast: Cast, wrong: dict[str, object]) -> None:
    browser = signed_in(cast.owner)
    phone = replace(phone_at(browser), **wrong)  # type: ignore[arg-type]  # as in the table
    assert give_new(browser, phone).status_code == 400
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "{}", '{"response": {}}', "[" * 9_000, "x" * 30_000]
)
def test_nonsense_is_refused_and_breaks_nothing(cast: Cast, phone: Phone, text: str) -> None:
    browser = at(cast.owner)
    browser.get("/sign-in/passkey", accept="application/json")
    assert browser.post("/sign-in/passkey", {"credential": text}).status_code == 400
    inside = signed_in_by(cast, phone)
    inside.get("/settings/auth/passkeys")
    reply = inside.post("/settings/auth/passkeys", {"name": "x", "credential": text})
    assert reply.status_code == 400


def signed_in_by(cast: Cast, phone: Phone) -> Browser:
    """The owner, by passkey."""
    browser = at(cast.owner)
    sign_in_with(browser, phone)
    return browser


def test_who_is_no_member_is_refused_in_the_same_words(cast: Cast, phone: Phone) -> None:
    there = at(cast.stranger)
    here = replace(phone, origin=f"http://{there.host}")
    page = sign_in_with(there, here).content.decode()
    assert REFUSAL in page
    unknown = phone_at(there)
    unknown.handle = phone.handle
    other = sign_in_with(at(cast.stranger), unknown).content.decode()
    assert _plain(page) == _plain(other)


def test_it_works_on_all_sites_below_the_services_domain(cast: Cast, phone: Phone) -> None:
    add_site(account=cast.owner.account, code="second")
    browser = Browser("second.example.com")
    assert (
        sign_in_with(browser, replace(phone, origin="http://second.example.com")).status_code == 302
    )
    assert is_in(browser)


def test_a_passkey_of_somebody_else_is_no_second_factor(cast: Cast, phone: Phone) -> None:
    add_member(account=cast.owner.account, user=cast.stranger.user, role=Role.ADMIN)
    theirs = make_passkey(signed_in(cast.stranger))
    browser = at(cast.owner)
    browser.sign_in("owner@example.net")
    options = asked(browser.get("/sign-in/factor").content.decode())
    answer = replace(theirs, origin=phone.origin).use(options)
    assert browser.post("/sign-in/factor", {"credential": answer}).status_code == 400
    assert not is_in(browser)


def test_half_a_sign_in_is_not_finished_by_an_answer_to_another_question(
    cast: Cast, phone: Phone
) -> None:
    inside = signed_in_by(cast, phone)
    options = asked(inside.get("/settings/auth/passkeys").content.decode())
    reply = inside.post("/prove", {"proof-credential": phone.make(options)})
    assert reply.status_code == 400
    assert PRESENT | VERIFIED | NEW == 69


def test_it_is_removed_by_its_owner_alone(cast: Cast, phone: Phone) -> None:
    row = Authenticator.objects.get(type="webauthn")
    path = f"/settings/auth/passkeys/{row.pk}/remove"
    assert signed_in(cast.stranger).post(path).status_code == 404
    browser = signed_in_by(cast, phone)
    assert browser.post(path)["Location"] == "/settings/auth"
    assert not Authenticator.objects.exists()
    assert sign_in_with(at(cast.owner), phone).status_code == 400


def test_asking_is_limited(cast: Cast, phone: Phone, limited: Callable[[int], None]) -> None:
    limited(2)
    browser = at(cast.owner)
    tries = [browser.get("/sign-in/passkey", accept="application/json") for _ in range(3)]
    assert [reply.status_code for reply in tries] == [200, 200, 429]


def test_an_address_is_confirmed_first(cast: Cast) -> None:
    User.objects.filter(pk=cast.owner.user.pk).update(email_verified=False)
    browser = signed_in(cast.owner)
    assert browser.get("/settings/auth/passkeys").status_code == 403
    reply = browser.post("/settings/auth/passkeys", {"name": "x", "credential": json.dumps({})})
    assert reply.status_code == 403


def test_without_a_script_the_page_of_sign_in_asks_for_nothing(cast: Cast) -> None:
    browser = at(cast.owner)
    assert browser.get("/sign-in/passkey")["Location"] == "/sign-in"
    assert "data-passkey" in browser.get("/sign-in").content.decode()
    assert browser.session_key == ""


def test_a_passkey_is_bound_to_the_domain_or_where_that_can_not_be_to_the_host() -> None:
    from sites.webauthn import Place, place  # noqa: PLC0415  # late, as in the service

    def rp_id(host: str, domain: str) -> str | None:
        found: Place | None = place(host=host, origin="", domain=domain)
        return found.rp_id if found else None

    assert rp_id("a.stats.example.com", "stats.example.com") == "stats.example.com"
    assert rp_id("stats.example.org", "stats.example.com") == "stats.example.org"
    assert rp_id("evilstats.example.com", "stats.example.com") == "evilstats.example.com"
    assert rp_id("a.localhost", "localhost") == "a.localhost"
    assert rp_id("127.0.0.1", "localhost") is None
    assert rp_id("::1", "localhost") is None


def _plain(page: str) -> str:
    head, _, rest = page.partition('name="csrfmiddlewaretoken" value="')
    return head + rest.partition('"')[2].partition('name="csrfmiddlewaretoken"')[0]
