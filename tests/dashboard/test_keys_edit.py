"""*Settings → API*: a key is edited, and rotated with an overlap."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sites import key_services, keys, services
from sites.models import ApiKey, Role
from tests.client import ApiClient
from tests.dashboard.browser import PASSWORD, Browser, make_key, minutes_later, signed_in
from tests.make import Cast

FORM = {"name": "Shop", "permissions": ["export"], "reach": "all", "expires": "never"}
ROTATION = {"overlap": "24", "expires": "never"}


def key_of(cast: Cast) -> ApiKey:
    """The owner's key, as it is stored."""
    return ApiKey.objects.get(account=cast.owner.account, replaces=None)


def path_of(key: ApiKey, deed: str) -> str:
    """Of the page that does it."""
    return f"/settings/auth/keys/{key.pk}/{deed}"


def text_in(reply: Any) -> str:
    """The new key's text in an answer; '' for none."""
    found = re.search(r'id="new-key">([^<]+)<', reply.content.decode())
    return found[1] if found else ""


def works(cast: Cast, text: str) -> bool:
    """Whether the API takes it."""
    return bool(ApiClient(cast.owner, key=text).get("/api/v0/me").status_code == 200)


def section(browser: Browser) -> str:
    """The list of keys."""
    return str(browser.get("/settings/auth").content.decode().partition('id="api"')[2])


class TestEdit:
    def test_what_the_form_says_holds_from_the_next_request_on(self, cast: Cast) -> None:
        browser = signed_in(cast.owner, Role.ADMIN)
        reply = browser.post(path_of(key_of(cast), "edit"), FORM)
        assert reply["Location"] == "/settings/auth#api"
        assert "The key is changed." in section(browser)
        token = ApiClient(cast.owner).get("/api/v0/me").json()["token"]
        assert token == {"name": "Shop", "permissions": keys.EXPORT, "sites": [-1]}

    def test_the_form_is_filled_with_what_is(self, cast: Cast) -> None:
        blog = services.add_site(account=cast.owner.account, code="blog")
        browser = signed_in(cast.owner)
        make_key(
            browser,
            name="Till",
            reach="some",
            sites=[blog.pk],
            expires="date",
            expires_on="2099-12-31",
            limit="own",
            limit_requests="5",
            limit_seconds="60",
        )
        page = browser.get(path_of(ApiKey.objects.get(name="Till"), "edit")).content.decode()
        for part in (
            'value="Till"',
            'name="reach" value="some"',
            f'name="sites" value="{blog.pk}"',
            'name="expires" value="keep"',
            'name="limit_requests" value="5"',
            'name="limit_seconds" value="60"',
        ):
            assert part in page
        checked = re.findall(r'name="(\w+)" value="([\w-]+)"[^>]* checked', page)
        assert ("expires", "keep") in checked
        assert ("permissions", "count") in checked
        assert ("permissions", "export") not in checked

    def test_an_expiry_is_kept_to_the_second(self, cast: Cast) -> None:
        expires = datetime(2099, 5, 17, 8, 30, 11, tzinfo=UTC)
        ApiKey.objects.filter(pk=key_of(cast).pk).update(expires_at=expires)
        signed_in(cast.owner).post(path_of(key_of(cast), "edit"), FORM | {"expires": "keep"})
        assert (key_of(cast).name, key_of(cast).expires_at) == ("Shop", expires)

    def test_a_last_day_ends_where_its_reader_lives(self, cast: Cast) -> None:
        services.change_preferences(user=cast.owner.user, timezone="JP.Asia/Tokyo")
        form = FORM | {"expires": "date", "expires_on": "2099-12-31"}
        signed_in(cast.owner).post(path_of(key_of(cast), "edit"), form)
        assert key_of(cast).expires_at == datetime(2099, 12, 31, 15, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"name": ""}, "must be set"),
            ({"permissions": []}, "must select at least one"),
            ({"reach": "some"}, "must select at least one"),
            ({"expires": "date", "expires_on": "2001-01-01"}, "The expiry has passed already."),
            ({"limit": "own"}, "must be set"),
            (
                {"limit": "own", "limit_requests": "0", "limit_seconds": "1"},
                "greater than or equal",
            ),
            (
                {"limit": "own", "limit_requests": "61", "limit_seconds": "120"},
                "This server allows a key at most 60 requests in 120 seconds.",
            ),
        ],
    )
    def test_what_breaks_a_rule_changes_nothing(
        self, cast: Cast, settings: Any, fields: dict[str, Any], text: str
    ) -> None:
        rates = {"key": (60, 120)}
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit=rates)
        before = ApiKey.objects.order_by("pk").values()[0]
        reply = signed_in(cast.owner).post(path_of(key_of(cast), "edit"), FORM | fields)
        assert reply.status_code == 400
        assert text in reply.content.decode()
        assert ApiKey.objects.order_by("pk").values()[0] == before

    def test_a_site_of_another_account_is_no_choice(self, cast: Cast) -> None:
        form = FORM | {"reach": "some", "sites": [str(cast.stranger.site.pk)]}
        reply = signed_in(cast.owner).post(path_of(key_of(cast), "edit"), form)
        assert reply.status_code == 400
        assert key_of(cast).sites == [-1]

    def test_its_own_limit_shows_in_the_list_and_in_the_headers(self, cast: Cast) -> None:
        browser = signed_in(cast.owner)
        limit = {"limit": "own", "limit_requests": "5", "limit_seconds": "86400"}
        browser.post(path_of(key_of(cast), "edit"), FORM | limit)
        assert "5 requests in 1 day" in section(browser)
        assert ApiClient(cast.owner).get("/api/v0/me")["X-Rate-Limit-Limit"] == "5"


class TestRotate:
    def test_both_texts_work_and_the_list_says_until_when(self, cast: Cast) -> None:
        browser = signed_in(cast.owner)
        reply = browser.post(path_of(key_of(cast), "rotate"), ROTATION)
        assert reply["Cache-Control"] == "no-store"
        new = text_in(reply)
        assert works(cast, new)
        assert works(cast, cast.owner.key)
        left = (key_of(cast).expires_at or timezone.now()) - timezone.now()
        assert timedelta(hours=23) < left <= timedelta(hours=24)
        page = section(browser)
        assert new not in page
        assert f"replaced by {new[:9]}…" in page
        assert f"takes the place of {cast.owner.key[:9]}…" in page
        assert page.index(new[:9]) < page.index(f"<code>{cast.owner.key[:9]}")

    def test_without_overlap_the_old_one_is_gone(self, cast: Cast) -> None:
        browser = signed_in(cast.owner)
        reply = browser.post(path_of(key_of(cast), "rotate"), ROTATION | {"overlap": "0"})
        assert "has ended" in reply.content.decode()
        assert works(cast, text_in(reply))
        assert not works(cast, cast.owner.key)

    def test_a_form_sent_twice_makes_one_text(self, cast: Cast) -> None:
        browser = signed_in(cast.owner)
        path = path_of(key_of(cast), "rotate")
        for overlap in ("24", "0"):
            assert browser.post(path, ROTATION | {"overlap": overlap}).status_code in (200, 409)
            again = browser.post(path, ROTATION | {"overlap": overlap})
            assert again.status_code == 409
            assert "This key was rotated already" in again.content.decode()
            assert not text_in(again)
        assert ApiKey.objects.filter(account=cast.owner.account).count() == 2
        assert "was rotated already" in browser.get(path).content.decode()

    def test_a_key_for_90_days_is_to_last_as_long_again(self, cast: Cast) -> None:
        browser = signed_in(cast.owner)
        make_key(browser, name="Till", expires="90")
        page = browser.get(path_of(ApiKey.objects.get(name="Till"), "rotate")).content.decode()
        day = (datetime.now(UTC) + timedelta(days=90)).date()
        assert f'value="{day}"' in page

    def test_what_breaks_a_rule_makes_no_text(self, cast: Cast) -> None:
        browser, path = signed_in(cast.owner), path_of(key_of(cast), "rotate")
        for wrong in (
            {"overlap": "9999"},
            {"expires": "date", "expires_on": "2001-01-01"},
            {"expires": "date"},
        ):
            assert browser.post(path, ROTATION | wrong).status_code == 400
        assert key_of(cast).expires_at is None


@pytest.mark.parametrize("deed", ["edit", "rotate"])
class TestBoth:
    def test_a_strangers_key_is_not_there(self, cast: Cast, deed: str) -> None:
        foreign = ApiKey.objects.get(account=cast.stranger.account)
        browser = signed_in(cast.owner)
        for reply in (
            browser.get(path_of(foreign, deed)),
            browser.post(path_of(foreign, deed), FORM | ROTATION),
        ):
            assert reply.status_code == 404
        foreign.refresh_from_db()
        assert (foreign.name, foreign.expires_at) == ("test", None)

    def test_a_revoked_one_is_not_either(self, cast: Cast, deed: str) -> None:
        key = key_of(cast)
        key_services.revoke_api_key(account=cast.owner.account, user=None, key_id=key.pk)
        browser = signed_in(cast.owner)
        assert browser.get(path_of(key, deed)).status_code == 404
        assert browser.post(path_of(key, deed), FORM | ROTATION).status_code == 404

    def test_a_proof_is_asked_for_and_the_form_is_kept(self, cast: Cast, deed: str) -> None:
        browser, path = signed_in(cast.owner), path_of(key_of(cast), deed)
        with minutes_later(11):
            assert browser.get(path)["Location"].startswith("/prove?next=")
            asked = browser.post(path, FORM | ROTATION)
            assert asked.status_code == 403
            assert f'action="{path}"' in asked.content.decode()
            assert ApiKey.objects.filter(account=cast.owner.account).count() == 1
            done = browser.post(path, FORM | ROTATION | {"proof-password": PASSWORD})
            assert done.status_code in (200, 302)

    def test_hostile_names_are_only_text(self, cast: Cast, deed: str) -> None:
        ApiKey.objects.update(name='"><script>alert(1)</script>')
        page = signed_in(cast.owner).get(path_of(key_of(cast), deed)).content.decode()
        assert "<script>alert" not in page


class TestList:
    def test_it_tells_what_a_key_was_last_used_for(self, cast: Cast) -> None:
        ApiKey.objects.update(last_used_country="NL")
        ApiClient(cast.owner).get("/api/v0/export/77")
        ApiKey.objects.update(last_used_country="NL")
        page = section(signed_in(cast.owner))
        assert "GET /api/v0/export/{id}" in page
        assert "from NL" in page

    def test_it_tells_that_a_key_stopped_with_its_makers_role(self, cast: Cast) -> None:
        admin = signed_in(cast.owner, Role.ADMIN)
        text = make_key(admin).key
        assert "its maker is no admin any more" not in section(admin)
        maker = ApiKey.objects.get(name="backend").user
        services.add_member(account=cast.owner.account, user=maker, role=Role.SETTINGS)
        assert not works(cast, text)
        page = section(signed_in(cast.owner))
        assert page.count("does not work: its maker is no admin any more") == 1
