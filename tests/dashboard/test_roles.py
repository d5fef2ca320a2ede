"""Who gets what, for every route: one table for the pages, one for the API. No route without a row."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dashboard.sessions import digest
from exports import services as exports
from sites import invitations, key_services, keys, links, queries
from sites.models import ApiKey, Invitation, Mail, Role, User
from sites.services import add_member
from tests.client import ApiClient
from tests.dashboard.browser import Browser, at, make_member, signed_in
from tests.dashboard.routes import API, PAGES, names_in, path_of
from tests.make import Cast, Tenant, make_key

# nobody: a passer-by. guest: the owner of another account, on their own host, with our ids.
# thief: the same person's cookie on our host. Then the members of the account, by their role.
#
# in: is sent to sign in. on: is sent on, or back. ok: sees the page. The rest are statuses.
# A form is sent without any fields but its token: who may send it sees it again (400), unless it has none.
COLUMNS = ("nobody", "guest", "thief", Role.READ_ONLY, Role.SETTINGS, Role.ADMIN, Role.OWNER)
TABLE = """
route                                     method nobody guest thief reader settings admin owner
/                                         GET    in     on    in    on     on       on    on
/help                                     GET    ok     ok    ok    ok     ok       ok    ok
/api.html                                 GET    ok     ok    ok    ok     ok       ok    ok
/api2.html                                GET    ok     ok    ok    ok     ok       ok    ok
/security.txt                             GET    ok     ok    ok    ok     ok       ok    ok
/.well-known/security.txt                 GET    ok     ok    ok    ok     ok       ok    ok
/first-run                                GET    on     on    on    on     on       on    on
/first-run                                POST   on     on    on    on     on       on    on
/sign-up                                  GET    on     on    on    on     on       on    on
/sign-up                                  POST   on     on    on    on     on       on    on
/sign-up/code                             GET    on     on    on    on     on       on    on
/sign-up/confirm                          GET    on     on    on    on     on       on    on
/sign-up/confirm                          POST   on     on    on    on     on       on    on
/find-my-site                             GET    on     on    on    on     on       on    on
/find-my-site                             POST   on     on    on    on     on       on    on
/sign-in                                  GET    ok     on    ok    on     on       on    on
/sign-in                                  POST   400    400   400   400    400      400   400
/sign-out                                 POST   in     in    in    in     in       in    in
/prove                                    GET    in     ok    in    ok     ok       ok    ok
/prove                                    POST   in     400   in    400    400      400   400
/sign-in/passkey                          GET    in     in    in    in     in       in    in
/sign-in/passkey                          POST   400    400   400   400    400      400   400
/sign-in/factor                           GET    in     in    in    in     in       in    in
/sign-in/factor                           POST   in     in    in    in     in       in    in
/forgot                                   GET    ok     ok    ok    ok     ok       ok    ok
/forgot                                   POST   400    400   400   400    400      400   400
/reset/<str:token>                        GET    404    404   404   404    404      404   404
/reset/<str:token>                        POST   404    404   404   404    404      404   404
/verify/<str:token>                       GET    ok     ok    ok    ok     ok       ok    ok
/verify/<str:token>                       POST   ok     ok    ok    ok     ok       ok    ok
/welcome                                  GET    in     ok    in    403    403      ok    ok
/welcome                                  POST   in     409   in    403    403      409   409
/welcome/status                           GET    in     204   in    403    403      204   204
/settings/preferences                     GET    in     ok    in    ok     ok       ok    ok
/settings/preferences                     POST   in     400   in    400    400      400   400
/settings/account                         GET    in     ok    in    403    403      403   ok
/settings/account                         POST   in     on    in    403    403      403   on
/settings/auth/confirm                    GET    in     on    in    on     on       on    on
/settings/auth/confirm                    POST   in     on    in    on     on       on    on
/settings/auth/totp                       GET    in     ok    in    ok     ok       ok    ok
/settings/auth/totp                       POST   in     ok    in    ok     ok       ok    ok
/settings/auth/totp/remove                GET    in     on    in    on     on       on    on
/settings/auth/totp/remove                POST   in     on    in    on     on       on    on
/settings/auth/passkeys                   GET    in     ok    in    ok     ok       ok    ok
/settings/auth/passkeys                   POST   in     400   in    400    400      400   400
/settings/auth/passkeys/<int:factor_id>/remove GET  in  on    in    on     on       on    on
/settings/auth/passkeys/<int:factor_id>/remove POST in  404   in    404    404      404   404
/settings/auth/sessions/end-others        GET    in     on    in    on     on       on    on
/settings/auth/sessions/end-others        POST   in     on    in    on     on       on    on
/settings/auth/sessions/<str:session_id>/end GET in     on    in    on     on       on    on
/settings/auth/sessions/<str:session_id>/end POST in    404   in    404    404      404   on
/settings/auth/recovery-codes             GET    in     ok    in    ok     ok       ok    ok
/settings/auth/recovery-codes             POST   in     404   in    404    404      404   404
/settings/auth/recovery-codes/download    GET    in     404   in    404    404      404   404
/settings/auth/recovery-codes/kept        POST   in     on    in    on     on       on    on
/settings/auth                            GET    in     ok    in    ok     ok       ok    ok
/settings/auth/password                   GET    in     on    in    on     on       on    on
/settings/auth/password                   POST   in     400   in    400    400      400   400
/settings/auth/keys                       GET    in     on    in    403    403      on    on
/settings/auth/keys                       POST   in     400   in    403    403      400   400
/settings/auth/keys/<int:key_id>/edit     GET    in     404   in    403    403      ok    ok
/settings/auth/keys/<int:key_id>/edit     POST   in     404   in    403    403      400   400
/settings/auth/keys/<int:key_id>/rotate   GET    in     404   in    403    403      ok    ok
/settings/auth/keys/<int:key_id>/rotate   POST   in     404   in    403    403      400   400
/settings/auth/keys/<int:key_id>/revoke   GET    in     on    in    403    403      on    on
/settings/auth/keys/<int:key_id>/revoke   POST   in     404   in    403    403      on    on
/settings/exports                            GET    in     ok    in    403    ok       ok    ok
/settings/exports                            POST   in     400   in    403    400      400   400
/settings/exports/<int:export_id>            GET    in     404   in    403    ok       ok    ok
/settings/exports/<int:export_id>/progress   GET    in     404   in    403    ok       ok    ok
/settings/exports/<int:export_id>/download   GET    in     404   in    403    on       on    on
/settings/exports/<int:export_id>/delete     GET    in     on    in    403    on       on    on
/settings/exports/<int:export_id>/delete     POST   in     404   in    403    on       on    on
/settings/users                           GET    in     ok    in    403    403      ok    ok
/settings/users/invite                    GET    in     on    in    403    403      on    on
/settings/users/invite                    POST   in     400   in    403    403      400   400
/settings/users/<int:user_id>/role        GET    in     on    in    403    403      on    on
/settings/users/<int:user_id>/role        POST   in     400   in    403    403      400   400
/settings/users/<int:user_id>/remove      GET    in     on    in    403    403      on    on
/settings/users/<int:user_id>/remove      POST   in     404   in    403    403      on    on
/settings/users/invitations/<int:invitation_id>/send GET in on in 403 403 on on
/settings/users/invitations/<int:invitation_id>/send POST in 404 in 403 403 on on
/settings/users/invitations/<int:invitation_id>/revoke GET in on in 403 403 on on
/settings/users/invitations/<int:invitation_id>/revoke POST in 404 in 403 403 on on
/settings/audit                           GET    in     ok    in    403    403      ok    ok
/settings/audit.csv                       GET    in     ok    in    403    403      ok    ok
/settings/leave                           GET    in     ok    in    ok     ok       ok    ok
/settings/leave                           POST   in     409   in    ok     ok       ok    409
/join/<str:invitation>                    GET    ok     404   ok    404    404      404   404
/join/<str:invitation>                    POST   400    404   400   404    404      404   404
"""

# none: no key. foreign: another account's. away: the same key on its own host, with our ids. weak: without
# permissions. over: expired. gone: revoked. Then keys of members with this role, which may do everything.
API_COLUMNS = ("none", "foreign", "away", "weak", "over", "gone", *Role)
API_TABLE = """
route                            method none foreign away weak over gone reader settings admin owner
/api/v0/test                     GET    401  401     200  200  401  401  401    401      200   200
/api/v0/test                     POST   401  401     200  200  401  401  401    401      200   200
/api/v0/me                       GET    401  401     200  200  401  401  401    401      200   200
/api/v0/count                    POST   401  401     202  403  401  401  401    401      202   202
/api/v0/sites                    GET    401  401     200  403  401  401  401    401      200   200
/api/v0/sites/<str:id>           GET    401  401     404  403  401  401  401    401      200   200
/api/v0/export                   GET    401  401     200  403  401  401  401    401      200   200
/api/v0/export                   POST   401  401     202  403  401  401  401    401      202   202
/api/v0/export/<str:id>          GET    401  401     404  403  401  401  401    401      200   200
/api/v0/export/<str:id>          DELETE 401  401     404  403  401  401  401    401      204   204
/api/v0/export/<str:id>/download GET    401  401     404  403  401  401  401    401      202   202
"""

BODIES = {("/api/v0/count", "POST"): {"no_sessions": True, "hits": [{"path": "/a"}]}}

Rows = dict[str, dict[str, list[str]]]


def rows_of(table: str) -> Rows:
    """Route → method → what each column gets."""
    rows: Rows = {}
    for line in table.strip().splitlines()[1:]:
        route, method, *cells = line.split()
        row = rows.setdefault(route.removeprefix("/"), {})
        assert method not in row, line
        row[method] = cells
    return rows


PAGE_ROWS, API_ROWS = rows_of(TABLE), rows_of(API_TABLE)


def test_every_route_has_its_row() -> None:
    assert set(PAGES) == PAGE_ROWS.keys()
    assert set(API) == API_ROWS.keys()
    assert {len(cells) for row in PAGE_ROWS.values() for cells in row.values()} == {len(COLUMNS)}
    assert {len(cells) for row in API_ROWS.values() for cells in row.values()} == {len(API_COLUMNS)}


@pytest.mark.parametrize("route", PAGE_ROWS)
def test_pages(cast: Cast, route: str) -> None:
    path = path_of(route, ids(cast.owner, route))
    got: dict[str, list[str]] = {}
    for method in ("GET", "POST"):
        for who in COLUMNS:
            with undone():
                browser = browser_of(cast, who)
                reply = browser.get(path) if method == "GET" else browser.post(path)
                got.setdefault(method, []).append(word_for(reply))
    # What is not in the table is not there for anybody.
    assert got == dict.fromkeys(got, ["405"] * len(COLUMNS)) | PAGE_ROWS[route]


@pytest.mark.parametrize("route", API_ROWS)
def test_api(cast: Cast, route: str) -> None:
    client = ApiClient(cast.owner)
    made = client.post("/api/v0/export").json()["id"] if "export" in route else cast.owner.site.pk
    path = path_of(route, {"id": made})
    for method, wanted in API_ROWS[route].items():
        got = []
        for who in API_COLUMNS:
            with undone():
                asking = client_of(cast, who)
                got.append(str(asking.send(method, path, BODIES.get((path, method))).status_code))
        assert got == wanted, method


@pytest.mark.parametrize("route", API_ROWS)
def test_the_api_takes_no_session(cast: Cast, route: str) -> None:
    for method in API_ROWS[route]:
        browser = signed_in(cast.owner)
        reply = browser.http.generic(
            method,
            path_of(route),
            b"{}" if method == "POST" else b"",
            content_type="application/json",
            headers={"host": cast.owner.host},
        )
        assert reply.status_code == 401


def browser_of(cast: Cast, who: str) -> Browser:
    """The browser of who is in this column."""
    if who == "nobody":
        return at(cast.owner)
    if who == "guest":
        return signed_in(cast.stranger)
    if who == "thief":
        browser = at(cast.owner)
        browser.http.cookies["goatapi_session"] = signed_in(cast.stranger).session_key
        return browser
    return signed_in(cast.owner, Role(who))


def client_of(cast: Cast, who: str) -> ApiClient:
    """The client of who is in this column."""
    if who == "none":
        return ApiClient(cast.owner).without_key()
    if who in ("foreign", "away"):
        return ApiClient(
            cast.stranger, host=(cast.owner if who == "foreign" else cast.stranger).host
        )
    if who in ("weak", "over", "gone"):
        return ApiClient(cast.owner, key=_useless(cast.owner, who))
    user = make_member(cast.owner, Role.ADMIN)
    key = make_key(cast.owner.site, user)
    add_member(account=cast.owner.account, user=user, role=Role(who))
    return ApiClient(cast.owner, key=key)


def ids(tenant: Tenant, route: str) -> dict[str, object]:
    """What the route's path captures: things of this tenant."""
    return {name: MAKERS[name](tenant) for name in names_in(route)}


def _newcomer(tenant: Tenant) -> User:
    user = User.objects.create_user("newcomer@example.net")
    add_member(account=tenant.account, user=user, role=Role.READ_ONLY)
    return user


def _invitation(tenant: Tenant) -> Invitation:
    site = queries.ref(tenant.site)
    return invitations.invite(
        site=site, actor=tenant.user, email="invited@example.net", role=Role.READ_ONLY
    )


def _link(tenant: Tenant) -> str:
    _invitation(tenant)
    return Mail.objects.get(kind="invitation").text.partition("/join/")[2].split()[0]


MAKERS: dict[str, Any] = {
    "export_id": lambda tenant: exports.start_export(site=queries.ref(tenant.site)).pk,
    "user_id": lambda tenant: _newcomer(tenant).pk,
    "invitation_id": lambda tenant: _invitation(tenant).pk,
    "invitation": _link,
    "session_id": lambda tenant: digest(signed_in(tenant).session_key),
    "factor_id": lambda _tenant: 999999999,  # one of theirs would be asked for at sign-in
    "key_id": lambda tenant: tenant.account.api_keys.get().pk,
    "token": lambda tenant: links.verification_link(_newcomer(tenant), tenant.site).rpartition("/")[
        2
    ],
}
"""Parameter of a path → makes one of them."""


def _useless(tenant: Tenant, why: str) -> str:
    permissions = keys.NOTHING if why == "weak" else keys.ALL
    text = make_key(tenant.site, tenant.user, permissions)
    key = ApiKey.objects.latest("pk")
    if why == "over":
        ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    if why == "gone":
        key_services.revoke_api_key(account=tenant.account, user=tenant.user, key_id=key.pk)
    return text


def word_for(reply: Any) -> str:
    """A cell of the table."""
    if "Location" in reply:
        return "in" if reply["Location"].startswith("/sign-in") else "on"
    return "ok" if reply.status_code == 200 else str(reply.status_code)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done in this block is not done after it: the next one finds all as it was."""
    with ExitStack() as stack:
        for alias in settings.DATABASES:
            stack.enter_context(transaction.atomic(using=alias))
        yield
        for alias in settings.DATABASES:
            transaction.set_rollback(True, using=alias)
