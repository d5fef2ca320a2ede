"""Sign-up: from the form by the mail to one's own site, and nothing that tells whom we know."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from goatapi import errors
from sites import sign_up, tasks
from sites.models import Account, AuditEvent, Membership, SignUp, Site, User
from tests.dashboard.browser import Browser, at
from tests.mailbox import link_in, posted
from tests.make import Cast

PASSWORD = "a very long secret"
ANN = "ann@example.org"
FORM = {"code": "anns", "email": ANN, "password": PASSWORD, "timezone": "Europe/Berlin"}


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, signup="open")


def start() -> Browser:
    """Somebody who looks at the form."""
    browser = Browser("example.com")
    browser.get("/sign-up")
    return browser


def sign_up_with(browser: Browser, **fields: str) -> Any:
    return browser.post("/sign-up", {**FORM, **fields})


def path_in_mail(to: str = ANN) -> str:
    """The path of the link in the newest mail to this address."""
    return link_in(posted(to)[-1], "/sign-up/confirm").removeprefix("http://example.com:8000")


def confirm(browser: Browser, link: str, **fields: str) -> Any:
    """Open the link and send the form on its page."""
    page = browser.get(link).content.decode()
    code = re.search(r'name="code" value="([^"]*)"', page)
    assert code, "no form"
    token = link.partition("token=")[2]
    return browser.post("/sign-up/confirm", {"code": code[1], "token": token, **fields})


def follow(url: str) -> tuple[Browser, str]:
    """A browser at the host of this address, and its path."""
    found = re.fullmatch(r"http://([^/:]+):8000(/.*)", url)
    assert found
    return Browser(found[1]), found[2]


def test_from_the_form_by_the_mail_to_the_welcome_page(db: None) -> None:
    browser = start()
    answer = sign_up_with(browser)
    assert answer.status_code == 200
    assert "Look in your mail" in answer.content.decode()
    assert not Site.objects.exists(), "nothing is made before the mail is opened"
    assert not User.objects.exists()
    answer = confirm(browser, path_in_mail())
    assert answer.status_code == 302
    here, path = follow(answer["Location"])
    assert here.host == "anns.example.com"
    assert here.get(path)["Location"] == "/welcome"
    page = here.get("/welcome")
    assert page.status_code == 200
    assert "Get your first pageview" in page.content.decode()
    user = User.objects.get()
    assert (user.email, user.email_verified) == (ANN, True)
    assert user.preferences["timezone"] == "DE.Europe/Berlin"
    assert Membership.objects.get().role == "owner"
    assert [event.action for event in AuditEvent.objects.all()][:1] == ["site.created"]


def test_the_password_is_the_one_that_was_chosen(db: None) -> None:
    browser = start()
    sign_up_with(browser)
    confirm(browser, path_in_mail())
    assert at_host("anns").sign_in(ANN, PASSWORD).status_code == 302
    assert PASSWORD not in posted(ANN)[-1].text


def at_host(code: str) -> Browser:
    return Browser(f"{code}.example.com")


def test_what_is_kept_until_then_holds_no_password_and_no_link(db: None) -> None:
    sign_up_with(start())
    wish = SignUp.objects.get()
    token = path_in_mail().partition("token=")[2]
    assert PASSWORD not in str(vars(wish))
    assert token not in str(vars(wish))


def test_the_way_in_is_open_once_there_alone_and_for_two_minutes(cast: Cast) -> None:
    browser = start()
    sign_up_with(browser)
    here, path = follow(confirm(browser, path_in_mail())["Location"])
    stranger = at(cast.stranger)
    assert stranger.get(path)["Location"] == "/welcome"
    assert stranger.get("/welcome")["Location"] == "/sign-in?next=%2Fwelcome"
    assert here.get(path)["Location"] == "/welcome"
    assert here.get("/welcome").status_code == 200
    second = Browser(here.host)
    second.get(path)
    assert second.get("/welcome").status_code == 302, "used up"


def test_the_way_in_does_not_wait(db: None) -> None:
    browser = start()
    sign_up_with(browser)
    here, path = follow(confirm(browser, path_in_mail())["Location"])
    with time_machine.travel(timezone.now() + sign_up.HANDOVER, tick=False):
        here.get(path)
        assert here.get("/welcome").status_code == 302


def test_the_link_works_once_and_for_a_day(db: None) -> None:
    browser = start()
    sign_up_with(browser)
    link = path_in_mail()
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1), tick=False):
        assert browser.get(link).status_code == 404
    confirm(browser, link)
    answer = browser.get(link)
    assert answer.status_code == 404
    assert "/find-my-site" in answer.content.decode()
    again = browser.post("/sign-up/confirm", {"code": "x2", "token": link.partition("=")[2]})
    assert again.status_code == 404
    assert Site.objects.count() == 1


def test_looking_at_the_link_makes_nothing(db: None) -> None:
    sign_up_with(start())
    for _ in range(3):
        assert start().get(path_in_mail()).status_code == 200
    assert not Site.objects.exists()


@pytest.mark.parametrize("token", ["", "nothing", "x" * 5000, "a%00b"])
def test_no_other_token_leads_anywhere(db: None, token: str) -> None:
    sign_up_with(start())
    assert start().get(f"/sign-up/confirm?token={token}").status_code == 404
    assert start().post("/sign-up/confirm", {"token": token, "code": "anns"}).status_code == 404


def test_a_known_address_is_answered_like_an_unknown_one(cast: Cast) -> None:
    browsers = [start(), start()]
    known = sign_up_with(browsers[0], email=cast.owner.user.email, code="same")
    unknown = sign_up_with(browsers[1], email="nobody@example.net", code="same")
    assert known.status_code == unknown.status_code
    assert (
        known.content.decode().replace(cast.owner.user.email, "nobody@example.net")
        == unknown.content.decode()
    )
    assert set(browsers[0].http.cookies) == set(browsers[1].http.cookies)
    for email in (cast.owner.user.email, "nobody@example.net"):
        assert len(posted(email)) == 1
    free = start().get("/sign-up/code?code=same").content.decode()
    assert "is free" in free, "nor does the code tell"


def test_who_is_known_keeps_the_password_and_signs_in_with_it(cast: Cast) -> None:
    email = cast.owner.user.email
    thief = start()
    sign_up_with(thief, email=email, code="another")
    mail = posted(email)[-1]
    assert "already" in mail.subject
    answer = confirm(start(), path_in_mail(email))
    assert answer["Location"] == "http://another.example.com:8000/sign-in?next=%2Fwelcome"
    here = at_host("another")
    assert here.sign_in(email, PASSWORD).status_code == 400
    assert here.sign_in(email).status_code == 302
    assert Site.objects.get(code="another").account != cast.owner.account


def test_who_did_not_choose_the_password_does_not_get_an_account_with_it(db: None) -> None:
    thief, owner = start(), start()
    sign_up_with(thief, password="the thief knows this")
    link = path_in_mail()
    page = owner.get(link).content.decode()
    assert 'name="password"' in page
    assert confirm(owner, link).status_code == 400
    assert confirm(owner, link, password="owners own guess").status_code == 400
    assert not User.objects.exists()


def test_another_browser_asks_for_the_password(db: None) -> None:
    sign_up_with(start())
    other = start()
    answer = confirm(other, path_in_mail(), password=PASSWORD)
    assert answer.status_code == 302
    assert "/welcome?token=" in answer["Location"]


def test_guesses_at_that_password_are_limited(
    db: None, limited: Callable[[int], None], settings: Any
) -> None:
    sign_up_with(start())
    limited(3)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, signup="open")
    answers = [
        confirm(start(), path_in_mail(), password=f"guess {n} is wrong").status_code
        for n in range(5)
    ]
    assert answers == [400, 400, 400, 429, 429]


def test_a_code_that_was_taken_meanwhile_can_be_changed(cast: Cast) -> None:
    browser = start()
    sign_up_with(browser, code="later")
    at_once = start()
    sign_up_with(at_once, code="later", email="quick@example.org")
    confirm(at_once, path_in_mail("quick@example.org"))
    answer = confirm(browser, path_in_mail())
    assert answer.status_code == 400
    assert "is taken" in answer.content.decode()
    assert confirm(browser, path_in_mail(), code="other")["Location"].startswith(
        "http://other.example.com:8000/welcome"
    )


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("code", "owner", "is taken"),
        ("code", "www", "is reserved"),
        ("code", "a b", "only the letters"),
        ("code", "x", "2 to 50"),
        ("email", "nobody", "valid email"),
        ("email", "a@b.example\nBcc: c@d.example", "valid email"),
        ("password", "short", "too short"),
        ("password", "1234567890", "common"),
        ("password", "ann@example.org", "similar"),
        ("timezone", "Moon/Crater", "valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    cast: Cast, field: str, value: str, text: str
) -> None:
    answer = sign_up_with(start(), **{field: value})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert text in page
    assert PASSWORD not in page
    assert posted() == []


def test_whether_a_code_is_free_is_told_while_one_types(cast: Cast) -> None:
    ask = start().get
    assert "fresh.example.com is free" in ask("/sign-up/code?code=Fresh").content.decode()
    assert "is taken" in ask("/sign-up/code?code=owner").content.decode()
    assert "reserved" in ask("/sign-up/code?code=www").content.decode()
    assert ask("/sign-up/code").content == b""
    hostile = ask("/sign-up/code?code=%3Cscript%3E").content.decode()
    assert "<script>" not in hostile


def test_asking_for_codes_is_limited_and_then_silent(
    cast: Cast, limited: Callable[[int], None], settings: Any
) -> None:
    limited(2)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, signup="open")
    answers = [start().get("/sign-up/code?code=owner") for _ in range(3)]
    assert [bool(answer.content) for answer in answers] == [True, True, False]


def test_forms_are_limited_by_address(
    cast: Cast, limited: Callable[[int], None], settings: Any
) -> None:
    limited(2)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, signup="open")
    answers = [sign_up_with(start(), email=f"{n}@example.org").status_code for n in range(3)]
    assert answers == [200, 200, 429]


def test_nobody_is_drowned_in_mail(db: None, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"mail": (2, 86_400)})
    pages = {sign_up_with(start(), code=f"site-{n}").content for n in range(4)}
    assert len(pages) == 1
    assert len(posted(ANN)) == 2


def test_wishes_are_forgotten(db: None) -> None:
    sign_up_with(start())
    tasks.forget()
    assert SignUp.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1)):
        tasks.forget()
    assert not SignUp.objects.exists()


def test_sign_up_is_closed_unless_it_was_opened(cast: Cast, settings: Any) -> None:
    assert 'href="/sign-up"' in start().get("/").content.decode()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, signup="closed")
    assert 'href="/sign-up"' not in start().get("/").content.decode()
    assert start().get("/sign-up").status_code == 403
    assert sign_up_with(start()).status_code == 403
    assert start().get("/sign-up/code?code=owner").status_code == 404
    assert posted() == []


def test_a_link_that_was_mailed_before_it_was_closed_still_works(db: None, settings: Any) -> None:
    browser = start()
    sign_up_with(browser)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, signup="closed")
    assert confirm(browser, path_in_mail()).status_code == 302


def test_sites_have_no_sign_up_and_lead_to_it(cast: Cast) -> None:
    answer = at(cast.owner).get("/sign-up")
    assert answer["Location"] == "http://example.com:8000/sign-up"
    assert at(cast.owner).post("/sign-up", FORM).status_code == 302
    assert Account.objects.count() == 2
    assert posted() == []


def test_without_a_mail_server_the_page_says_where_the_mail_lies(db: None, settings: Any) -> None:
    folder = str(settings.ENVIRONMENT.email["EMAIL_FILE_PATH"])
    assert folder in sign_up_with(start()).content.decode()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, email={"EMAIL_HOST": "mail.example.com"})
    assert folder not in sign_up_with(start(), code="other").content.decode()


def test_a_local_name_signs_up_too_while_it_is_a_sites(cast: Cast, settings: Any) -> None:
    from sites.directory import directory  # noqa: PLC0415  # forgets what it was just asked

    Site.objects.exclude(code="owner").update(state="d")
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, domain="localhost")
    directory().clear()
    browser = Browser("localhost")
    assert browser.get("/")["Location"] == "/sign-in"
    assert browser.get("/sign-up").status_code == 200
    browser.get("/sign-in")
    assert sign_up_with(browser).status_code == 200
    link = link_in(posted(ANN)[-1], "/sign-up/confirm")
    assert link.startswith("http://localhost:8000/")


def test_the_link_is_not_made_from_the_host_header(db: None) -> None:
    browser = Browser("example.com:666")
    browser.get("/sign-up")
    sign_up_with(browser)
    assert path_in_mail().startswith("/sign-up/confirm?token=")


def test_the_request_log_has_no_token(db: None, caplog: pytest.LogCaptureFixture) -> None:
    browser = start()
    sign_up_with(browser)
    link = path_in_mail()
    here, path = follow(confirm(browser, link)["Location"])
    here.get(path)
    lines = str([vars(record) for record in caplog.records if record.name == "goatapi.request"])
    assert "/sign-up/confirm" in lines
    for url in (link, path):
        assert url.partition("token=")[2] not in lines


def test_each_mail_is_in_its_readers_language(cast: Cast) -> None:
    cast.owner.user.preferences = {"language": "de-DE"}
    cast.owner.user.save()
    for email in (cast.owner.user.email, "nobody@example.net"):
        sign_up_with(start(), email=email)
    assert '<html lang="de">' in posted(cast.owner.user.email)[-1].html
    assert '<html lang="en">' in posted("nobody@example.net")[-1].html


def test_hostile_codes_reach_no_mail(db: None) -> None:
    for code in ("<b>x</b>", "a\r\nBcc: x@example.org", "x" * 51):
        assert sign_up_with(start(), code=code).status_code == 400
    with pytest.raises(errors.Invalid):
        sign_up.begin(email="x", code="good", password=PASSWORD, timezone="UTC", language="en")
    assert posted() == []
