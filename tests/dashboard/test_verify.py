"""The link by which an address is confirmed."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from sites.links import verification_link
from sites.models import Mail, User
from tests.client import ApiClient
from tests.dashboard.browser import Browser, at, minutes_later, signed_in
from tests.make import Cast


@pytest.fixture
def path(cast: Cast) -> str:
    """Of the link that the owner, not confirmed so far, gets."""
    User.objects.filter(pk=cast.owner.user.pk).update(email_verified=False)
    url = urlsplit(verification_link(cast.owner.user, cast.owner.site))
    assert f"{url.scheme}://{url.netloc}" == f"http://{cast.owner.host}:8000"
    return url.path


def shown(cast: Cast) -> bool:
    """What the API says of the owner."""
    return bool(ApiClient(cast.owner).get("/api/v0/me").json()["user"]["email_verified"])


def test_the_link_asks_and_the_button_confirms(cast: Cast, path: str) -> None:
    browser = at(cast.owner)
    page = browser.get(path).content.decode()
    assert "owner@example.net" in page
    assert not shown(cast)
    assert "Your e-mail is confirmed." in browser.post(path).content.decode()
    assert shown(cast)
    assert "Your e-mail is confirmed." in browser.get(path).content.decode()


def test_nobody_is_signed_in_by_it(cast: Cast, path: str) -> None:
    browser = at(cast.owner)
    browser.post(path)
    assert browser.get("/settings/auth").status_code == 302


def test_after_three_days_it_is_over(cast: Cast, path: str) -> None:
    with minutes_later(3 * 24 * 60 + 1):
        reply = at(cast.owner).post(path)
        assert reply.status_code == 404
        assert "This link does not work any more." in reply.content.decode()
    assert not shown(cast)


def test_a_link_for_an_earlier_address_confirms_nothing(cast: Cast, path: str) -> None:
    User.objects.filter(pk=cast.owner.user.pk).update(email="new@example.net")
    assert at(cast.owner).post(path).status_code == 404
    assert not shown(cast)


def test_a_link_that_was_changed_is_none(cast: Cast, path: str) -> None:
    for wrong in (path[:-1], path + "x", "/verify/x", "/verify/a:b:c"):
        assert at(cast.owner).post(wrong).status_code == 404
    assert not shown(cast)


def test_on_the_services_own_name_there_is_nothing(path: str) -> None:
    assert Browser("example.com").get(path).status_code == 404


def test_the_link_is_sent_again_to_who_is_signed_in(cast: Cast, path: str) -> None:
    browser = signed_in(cast.owner)
    assert browser.post("/settings/auth/confirm")["Location"] == "/settings/auth"
    assert "The link is on its way." in browser.get("/settings/auth").content.decode()
    mail = Mail.objects.get()
    assert mail.to == "owner@example.net"
    sent = re.search(r"http://owner.example.com:8000(/verify/\S+)", mail.text)
    assert sent
    assert at(cast.owner).post(sent[1]).status_code == 200
    assert shown(cast)
    browser.post("/settings/auth/confirm")
    assert Mail.objects.count() == 1


def test_sending_it_again_is_limited(cast: Cast, path: str, limited: Callable[[int], None]) -> None:
    browser = signed_in(cast.owner)
    limited(2)
    tries = [browser.post("/settings/auth/confirm").status_code for _ in range(3)]
    assert tries == [302, 302, 429]
    assert Mail.objects.count() == 2
