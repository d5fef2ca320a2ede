"""Sessions per device: what one sees of them, and how they end."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from sites.models import AuditEvent, Role, Session
from sites.services import add_member
from tests.dashboard.browser import PASSWORD, Browser, at, minutes_later, signed_in
from tests.dashboard.codes import set_up_app
from tests.make import Cast

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
PAGE = "/settings/auth"


def with_agent(cast: Cast, agent: str, **options: Any) -> Browser:
    """The owner, signed in by this browser."""
    browser = Browser(cast.owner.host, HTTP_USER_AGENT=agent, **options)
    assert browser.sign_in("owner@example.net").status_code == 302
    return browser


def part(browser: Browser) -> str:
    """The page's part about sessions."""
    page: str = browser.get(PAGE).content.decode()
    return page.partition('<section aria-labelledby="sessions">')[2].partition("</section>")[0]


def row_of(browser: Browser) -> Session:
    """The browser's session in the table."""
    from dashboard.sessions import digest  # noqa: PLC0415  # the only one who asks

    return Session.objects.get(pk=digest(browser.session_key))


def test_each_device_is_listed_with_what_is_known_of_it(cast: Cast) -> None:
    phone = with_agent(cast, IPHONE, REMOTE_ADDR="51.171.91.33")
    laptop = with_agent(cast, FIREFOX)
    shown = part(laptop)
    assert "Firefox, Linux" in shown
    assert "Safari, iOS" in shown
    assert "IE" in shown
    assert shown.count("this one") == 1
    assert "51.171" not in shown
    assert row_of(phone).device == "Safari, iOS"


def test_the_table_holds_no_address_and_no_user_agent(cast: Cast) -> None:
    browser = with_agent(cast, FIREFOX, REMOTE_ADDR="51.171.91.33")
    row = row_of(browser)
    kept = " ".join(str(value) for value in vars(row).values()) + str(row.get_decoded())
    assert "51.171" not in kept
    assert "Mozilla" not in kept
    assert browser.session_key not in kept


def test_one_is_ended_from_another(cast: Cast) -> None:
    phone, laptop = with_agent(cast, IPHONE), with_agent(cast, FIREFOX)
    reply = laptop.post(f"{PAGE}/sessions/{row_of(phone).pk}/end")
    assert reply["Location"] == PAGE
    assert "Safari" not in part(laptop)
    assert phone.get(PAGE).status_code == 302
    assert laptop.get(PAGE).status_code == 200
    assert AuditEvent.objects.get(action="session.ended").details == {"device": "Safari, iOS"}


def test_the_own_one_is_ended_like_signing_out(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    assert browser.post(f"{PAGE}/sessions/{row_of(browser).pk}/end")["Location"] == "/sign-in"
    assert browser.get(PAGE).status_code == 302


def test_all_others_are_ended_at_once(cast: Cast) -> None:
    others, here = [signed_in(cast.owner) for _ in range(2)], signed_in(cast.owner)
    theirs = signed_in(cast.stranger)
    assert here.post(f"{PAGE}/sessions/end-others")["Location"] == PAGE
    assert [browser.get(PAGE).status_code for browser in others] == [302, 302]
    assert here.get(PAGE).status_code == 200
    assert theirs.get(PAGE).status_code == 200


def test_nobody_sees_or_ends_anothers(cast: Cast) -> None:
    theirs = with_agent(cast, IPHONE)
    admin = signed_in(cast.owner, Role.ADMIN)
    for browser in (admin, signed_in(cast.stranger)):
        assert "Safari" not in part(browser)
        assert browser.post(f"{PAGE}/sessions/{row_of(theirs).pk}/end").status_code == 404
        assert browser.post(f"{PAGE}/sessions/nothing/end").status_code == 404
    assert theirs.get(PAGE).status_code == 200


def test_those_on_other_sites_are_listed_too(cast: Cast) -> None:
    add_member(account=cast.stranger.account, user=cast.owner.user, role=Role.READ_ONLY)
    there = at(cast.stranger)
    there.sign_in("owner@example.net")
    here = signed_in(cast.owner)
    assert "stranger" in part(here)
    here.post(f"{PAGE}/sessions/{row_of(there).pk}/end")
    assert there.get(PAGE).status_code == 302


def test_half_a_sign_in_is_no_session(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    set_up_app(browser)
    at(cast.owner).sign_in("owner@example.net")
    assert part(browser).count("<li") == 1


def test_when_it_was_seen_last_is_kept_to_five_minutes(cast: Cast) -> None:
    browser = signed_in(cast.owner)
    begun = row_of(browser)
    browser.get(PAGE)
    assert row_of(browser).seen_at == begun.seen_at
    with minutes_later(20):
        browser.get(PAGE)
        seen = row_of(browser)
        assert timezone.now() - seen.seen_at < timedelta(seconds=10)
    assert seen.created_at == begun.created_at


def test_a_change_of_the_password_leaves_one(cast: Cast) -> None:
    here, elsewhere = signed_in(cast.owner), signed_in(cast.owner)
    began = row_of(here).created_at
    new = "another horse altogether"
    here.post(f"{PAGE}/password", {"current": PASSWORD, "password": new, "again": new})
    assert Session.objects.filter(user=cast.owner.user).count() == 1
    assert row_of(here).created_at == began
    assert elsewhere.get(PAGE).status_code == 302
