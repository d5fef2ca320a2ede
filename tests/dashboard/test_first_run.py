"""The first account: once, and only for who has the token."""

import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections  # noqa: TID251  # threads of a test must close theirs

from dashboard import first_run
from sites.models import Account, Site, User
from tests.dashboard.browser import Browser
from tests.make import make_tenant

PASSWORD = "a horse that is correct"


@pytest.fixture
def token(db: None, house: Path) -> str:
    """The token, printed."""
    assert first_run.invitation()
    return (house / "first_run_token").read_text().strip()


def send(token: str, *, browser: Browser | None = None, **fields: str) -> Any:
    """The form, filled in; `browser` has opened it before."""
    given = {"token": token, "email": "Me@Example.org", "code": "my-site"}
    given |= {"password": PASSWORD, "again": PASSWORD}
    return (browser or opened()).post("/first-run", given | fields)


def opened() -> Browser:
    """A browser that shows the start page."""
    browser = Browser("example.com")
    browser.get("/")
    return browser


def test_the_invitation_has_token_and_address_and_is_always_the_same(
    token: str, house: Path
) -> None:
    text = first_run.invitation()
    assert text is not None
    assert text == first_run.invitation()
    assert token in text
    assert "http://example.com:8000/" in text
    assert stat.S_IMODE((house / "first_run_token").stat().st_mode) == 0o600


def test_the_command_prints_it(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("first_run_token")
    assert token in capsys.readouterr().out
    make_tenant("foo")
    call_command("first_run_token")
    assert "no token is needed" in capsys.readouterr().out


def test_the_token_makes_the_first_account(token: str, house: Path) -> None:
    reply = send(token)
    assert reply.status_code == 200
    assert 'href="http://my-site.example.com:8000/sign-in?next=/welcome"' in reply.content.decode()
    assert Site.objects.get().code == "my-site"
    assert User.objects.get().email == "me@example.org"
    assert not (house / "first_run_token").exists()
    browser = Browser("my-site.example.com")
    assert browser.sign_in("me@example.org", PASSWORD)["Location"] == "/settings/auth"


def test_it_makes_one_account_only(token: str, house: Path) -> None:
    late = opened()
    send(token)
    again = send(token, browser=late, code="mine-too", email="you@example.org")
    assert (again.status_code, again["Location"]) == (302, "/")
    assert Account.objects.count() == 1
    assert first_run.invitation() is None
    assert 'name="token"' not in Browser("example.com").get("/").content.decode()


def test_an_account_made_by_command_uses_the_token_up(token: str, house: Path) -> None:
    late = opened()
    make_tenant("foo")
    assert send(token, browser=late)["Location"] == "/"
    assert first_run.invitation() is None
    assert not (house / "first_run_token").exists()


@pytest.mark.parametrize("wrong", ["", "x", "ü", "\x00"])
def test_a_wrong_token_is_named_and_makes_nothing(token: str, wrong: str) -> None:
    reply = send(wrong)
    assert reply.status_code == 403
    assert "This is not the token that the server printed." in reply.content.decode()
    assert PASSWORD not in reply.content.decode()
    assert not Account.objects.exists()


def test_nothing_is_a_token_before_one_was_printed(db: None) -> None:
    assert send("").status_code == 403
    assert send("None").status_code == 403


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"email": "nonsense"}, "valid email"),
        ({"again": "something else"}, "The two passwords are not the same."),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "1234567890", "again": "1234567890"}, "too common"),
        ({"password": "me@example.org", "again": "me@example.org"}, "too similar"),
        ({"code": "www"}, "is reserved"),
        ({"code": "a b"}, "The code can hold only"),
    ],
)
def test_what_breaks_a_rule_is_said_beside_it(token: str, field: dict[str, Any], text: str) -> None:
    reply = send(token, **field)
    assert reply.status_code == 400
    assert text in reply.content.decode()
    assert not User.objects.exists()


def test_guessing_is_limited(token: str, limited: Callable[[int], None]) -> None:
    limited(3)
    assert [send("x").status_code for _ in range(4)] == [403, 403, 403, 429]
    assert send(token).status_code == 429
    assert not Account.objects.exists()


def test_a_site_has_no_first_run(token: str) -> None:
    tenant = make_tenant("foo")
    browser = Browser(tenant.host)
    assert browser.post("/first-run", {"token": token})["Location"] == "/"
    assert browser.get("/first-run")["Location"] == "/"


def test_a_form_from_elsewhere_is_refused(token: str) -> None:
    reply = Browser("example.com").post("/first-run", {"token": token}, token=False)
    assert reply.status_code == 403
    assert "This form is out of date." in reply.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_makes_the_account(house: Path) -> None:
    first_run.invitation()
    token = (house / "first_run_token").read_text().strip()
    together, replies = threading.Barrier(2), []

    def one(code: str) -> None:
        together.wait()
        replies.append(send(token, code=code, email=f"{code}@example.org").status_code)
        connections.close_all()

    threads = [threading.Thread(target=one, args=(code,)) for code in ("first", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [200, 302] or sorted(replies) == [200, 403]
    assert (Account.objects.count(), Site.objects.count(), User.objects.count()) == (1, 1, 1)
