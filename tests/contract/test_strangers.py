"""One table of routes: what a stranger, a passer-by and a foreign key get. Each new route adds its line.

Routes for people: who may go where is in tests/dashboard/test_roles.py.
"""

import pytest

from tests.client import ApiClient
from tests.dashboard import routes
from tests.make import Cast

OPEN = {
    "count",
    "count.js",
    "count.v<int:version>.js",
    "counter/<path:name>",
    "status",
    "healthz",
    "readyz",
    "tls-check",
    "robots.txt",
    "api.json",
    "api.openapi.json",
}
"""Routes for everybody, by design."""

ROUTES = {
    "api/v0/test": ("GET", None),
    "api/v0/me": ("GET", None),
    "api/v0/count": ("POST", {"hits": [{"path": "/a"}]}),
    "api/v0/sites": ("GET", None),
    "api/v0/sites/<str:id>": ("GET", None),
    "api/v0/export": ("POST", None),
    "api/v0/export/<str:id>": ("GET", None),
    "api/v0/export/<str:id>/download": ("GET", None),
}


def test_every_route_is_in_the_table() -> None:
    assert set(routes.ROUTES) - set(routes.PAGES) == OPEN | ROUTES.keys()


@pytest.mark.parametrize("route", ROUTES)
def test_a_passer_by_is_asked_for_a_key(api: ApiClient, route: str) -> None:
    method, body = ROUTES[route]
    reply = api.without_key().send(method, f"/{route.replace('<str:id>', '1')}", body)
    assert (reply.status_code, reply.json()) == (401, {"error": "no Authorization header"})
    assert reply["WWW-Authenticate"] == "Basic realm=GoatCounter"


@pytest.mark.parametrize("route", ROUTES)
def test_another_accounts_key_is_unknown_here(cast: Cast, stranger: ApiClient, route: str) -> None:
    method, body = ROUTES[route]
    reply = stranger.at(cast.owner).send(method, f"/{route.replace('<str:id>', '1')}", body)
    assert (reply.status_code, reply.json()) == (401, {"error": "unknown token"})


@pytest.mark.parametrize("route", [route for route in ROUTES if "<str:id>" in route])
def test_what_belongs_to_another_account_is_not_there(
    cast: Cast, api: ApiClient, stranger: ApiClient, route: str
) -> None:
    foreign = api.post("/api/v0/export").json()["id"] if "export" in route else cast.owner.site.pk
    path = f"/{route.replace('<str:id>', str(foreign))}"
    assert stranger.get(path).status_code == 404
    assert stranger.get(path).json() == {"error": "not found"}
