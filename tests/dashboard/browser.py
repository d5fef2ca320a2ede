"""A person's browser, as far as Django's test client is one."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from sites.models import Role, User
from sites.services import add_member
from tests.client import Client
from tests.make import Tenant

PASSWORD = "correct horse"  # as in tests.make


class Browser:
    """Requests to one host, with the cookies it gave. Forms get their CSRF token like a person's."""

    def __init__(self, host: str, **options: Any) -> None:
        self.host = host
        self.http = Client(raise_request_exception=False, enforce_csrf_checks=True, **options)

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.http.get(path, headers={"host": self.host, **headers})

    def post(self, path: str, data: dict[str, Any] | None = None, *, token: bool = True) -> Any:
        """POST of a form, with the token of the CSRF cookie unless told not to."""
        given = dict(data or {})
        if token:
            given["csrfmiddlewaretoken"] = self.token()
        return self.http.post(path, given, headers={"host": self.host})

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> Any:
        """The sign-in form."""
        return self.post("/sign-in", {"email": email, "password": password, **more})

    @property
    def session_key(self) -> str:
        """The session's cookie; '' without one."""
        cookie = self.http.cookies.get("goatapi_session")
        return cookie.value if cookie else ""

    def token(self) -> str:
        """What makes a form this browser's own."""
        if "goatapi_csrf" not in self.http.cookies:
            self.get("/sign-in" if self.host != "example.com" else "/")
        cookie = self.http.cookies.get("goatapi_csrf")
        return cookie.value if cookie else ""


def at(tenant: Tenant) -> Browser:
    """Nobody, at the tenant's host."""
    return Browser(tenant.host)


def signed_in(tenant: Tenant, role: Role = Role.OWNER) -> Browser:
    """A member of the tenant's account with this role; the owner is its owner."""
    email = tenant.user.email if role == Role.OWNER else make_member(tenant, role).email
    browser = at(tenant)
    assert browser.sign_in(email).status_code == 302
    return browser


def make_member(tenant: Tenant, role: Role) -> User:
    """Somebody new with this role."""
    user = User.objects.create_user(f"{role.value}@example.net", PASSWORD, email_verified=True)
    add_member(account=tenant.account, user=user, role=role)
    return user


def minutes_later(minutes: float) -> time_machine.travel:
    """`with minutes_later(11):` the proofs of before are no longer fresh."""
    return time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes))


def key_form(browser: Browser, **fields: Any) -> dict[str, Any]:
    """The fields of the form for a key, as the page gives it out now."""
    page = browser.get("/settings/auth").content.decode()
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once, "no form for keys"
    given = {"name": "backend", "permissions": ["count"], "reach": "all", "expires": "never"}
    return {**given, "once": once[1], **fields}


def make_key(browser: Browser, **fields: Any) -> Any:
    """Make a key on the page; the answer, with the key's text as `key` ('' for none)."""
    reply = browser.post("/settings/auth/keys", key_form(browser, **fields))
    shown = re.search(r'id="new-key">([^<]+)<', reply.content.decode())
    reply.key = shown[1] if shown else ""
    return reply
