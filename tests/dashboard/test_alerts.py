"""Who changes a person's way in can not keep it from them: a mail tells of it."""

from allauth.mfa.models import Authenticator

from sites.models import User
from tests.dashboard.authenticator import make_passkey
from tests.dashboard.browser import PASSWORD, Browser, at, signed_in
from tests.dashboard.codes import set_up_app
from tests.mailbox import link_in, posted
from tests.make import Cast

OWNER = "owner@example.net"
NEW = "another horse altogether"


def told() -> list[str]:
    """The subjects of what the owner was told, the newest last; nobody else was told anything."""
    assert {mail.to for mail in posted(kind="alert")} <= {OWNER}
    return [mail.subject for mail in posted(to=OWNER, kind="alert")]


def change_password(browser: Browser, current: str = PASSWORD) -> None:
    """The form, filled in."""
    browser.post("/settings/auth/password", {"current": current, "password": NEW, "again": NEW})


def test_a_changed_password_is_told_and_a_refused_one_is_not(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    change_password(browser, current="wrong")
    assert told() == []
    change_password(browser)
    assert told() == ["Your password was changed"]
    (mail,) = posted(kind="alert")
    assert link_in(mail) == "http://owner.example.com:8000/forgot"
    assert NEW not in mail.text + mail.html


def test_a_password_set_by_a_mailed_link_is_told(cast: Cast) -> None:
    at(cast.owner).post("/forgot", {"email": OWNER})
    path = link_in(posted(to=OWNER)[-1], "/reset/").partition(":8000")[2]
    at(cast.owner).post(path, {"password": NEW, "again": NEW})
    assert told() == ["Your password was changed by a mailed link"]


def test_an_app_set_up_and_removed_is_told(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    set_up_app(browser)
    browser.post("/settings/auth/totp/remove", {})
    assert told() == ["An authenticator app was set up", "The authenticator app was removed"]


def test_a_passkey_made_and_removed_is_told_with_its_name(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    make_passkey(browser)
    passkey = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    browser.post(f"/settings/auth/passkeys/{passkey.pk}/remove", {})
    assert told() == ["A passkey was made", "A passkey was removed"]
    for mail in posted(kind="alert"):
        assert "Phone" in mail.text
        assert "Phone" in mail.html


def test_a_stranger_changes_and_tells_nothing(cast: Cast) -> None:
    make_passkey(signed_in(cast.owner))
    passkey = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    reply = signed_in(cast.stranger).post(f"/settings/auth/passkeys/{passkey.pk}/remove", {})
    assert reply.status_code == 404
    assert told() == ["A passkey was made"]


def test_it_is_told_in_the_language_of_the_person(cast: Cast) -> None:
    User.objects.filter(email=OWNER).update(preferences={"language": "de-DE"})
    change_password(signed_in(cast.owner))
    assert told() == ["Ihr Passwort wurde geändert"]
