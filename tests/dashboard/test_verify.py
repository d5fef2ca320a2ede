"""The link by which an address is confirmed."""

from urllib.parse import urlsplit

import pytest

from sites.links import verification_link
from sites.models import User
from tests.client import ApiClient
from tests.dashboard.browser import Browser, at, minutes_later
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
