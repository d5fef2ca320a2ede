"""Find my site: tells the address's owner everything, and a stranger nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sites.models import Role, Site
from sites.services import add_member, add_site
from tests.dashboard.browser import Browser, at
from tests.mailbox import posted
from tests.make import Cast


def ask(email: str) -> Any:
    browser = Browser("example.com")
    browser.get("/find-my-site")
    return browser.post("/find-my-site", {"email": email})


def test_ones_sites_are_mailed_with_the_way_to_sign_in(cast: Cast) -> None:
    add_site(account=cast.owner.account, code="second")
    add_member(account=cast.stranger.account, user=cast.owner.user, role=Role.READ_ONLY)
    assert ask(f"  {cast.owner.user.email.upper()} ").status_code == 200
    [mail] = posted(cast.owner.user.email)
    for code in ("owner", "second", "stranger"):
        assert f"http://{code}.example.com:8000/sign-in" in mail.text
        assert f"http://{code}.example.com:8000/sign-in" in mail.html


def test_other_peoples_sites_and_deleted_ones_are_not(cast: Cast) -> None:
    add_site(account=cast.owner.account, code="gone")
    Site.objects.filter(code="gone").update(state="d")
    ask(cast.owner.user.email)
    [mail] = posted()
    assert "stranger" not in mail.text
    assert "gone" not in mail.text


def test_an_address_that_nobody_has_is_answered_and_mailed_alike(cast: Cast) -> None:
    known, unknown = ask(cast.owner.user.email), ask("nobody@example.net")
    assert known.status_code == unknown.status_code == 200
    assert (
        known.content.decode().replace(cast.owner.user.email, "nobody@example.net")
        == unknown.content.decode()
    )
    [mail] = posted("nobody@example.net")
    assert "no site" in mail.text
    assert "example.com:8000/sign-in" not in mail.text


@pytest.mark.parametrize("email", ["", "nobody", "a@b\nBcc: c@d.example", "x" * 300])
def test_what_is_no_address_is_refused(cast: Cast, email: str) -> None:
    assert ask(email).status_code == 400
    assert posted() == []


def test_it_is_limited(cast: Cast, limited: Callable[[int], None]) -> None:
    limited(2)
    assert [ask(f"{n}@example.org").status_code for n in range(3)] == [200, 200, 429]


def test_nobody_is_drowned_in_mail(cast: Cast, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"mail": (2, 86_400)})
    pages = {ask(cast.owner.user.email).content for _ in range(4)}
    assert len(pages) == 1
    assert len(posted()) == 2


def test_a_sites_host_leads_to_the_services_name(cast: Cast) -> None:
    answer = at(cast.owner).get("/find-my-site")
    assert answer["Location"] == "http://example.com:8000/find-my-site"


def test_the_start_page_leads_there(cast: Cast) -> None:
    assert 'href="/find-my-site"' in Browser("example.com").get("/").content.decode()


def test_a_mailbox_is_one_however_many_names_it_has(cast: Cast, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"mail": (2, 86_400)})
    for name in ("ann", "ann+a", "ANN+b", "ann+c+d", "bob", "+eve", "+mal"):
        assert ask(f"{name}@example.org").status_code == 200
    assert [mail.to for mail in posted()] == [
        f"{name}@example.org" for name in ("ann", "ann+a", "bob", "+eve", "+mal")
    ]
