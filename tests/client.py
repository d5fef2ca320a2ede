"""Clients as the tests use them: on a tenant's host, with or without its key."""

from typing import Any

import msgspec
from django import test

from tests.make import Tenant
from tests.openapi.contract import contract
from tests.openapi.exchange import from_django


class Client(test.Client):
    """Django's; each exchange with the API has to be as the API's description says."""

    def request(self, **request: Any) -> Any:
        """The answer. Errors: `Undeclared`."""
        reply = super().request(**request)
        if reply.wsgi_request.path.startswith("/api/"):  # a form's body can not be read again
            contract().check(from_django(reply))
        return reply


class ApiClient:
    """Speaks JSON to a tenant's host with its key. `key=""` sends no Authorization."""

    def __init__(self, tenant: Tenant, *, key: str | None = None, host: str | None = None) -> None:
        self.tenant = tenant
        self.key = tenant.key if key is None else key
        self.host = host or tenant.host
        self.http = Client(raise_request_exception=False)

    def at(self, other: Tenant) -> "ApiClient":
        """The same key, knocking at another tenant's host."""
        return ApiClient(self.tenant, key=self.key, host=other.host)

    def without_key(self) -> "ApiClient":
        """Nobody, on the same host."""
        return ApiClient(self.tenant, key="", host=self.host)

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        """POST of a value as JSON, or of bytes as they are."""
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """One request; header names as keyword arguments with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key and "Authorization" not in given:
            given["Authorization"] = f"Bearer {self.key}"
        content_type = given.pop("Content-Type", "application/json")
        data = (
            body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        )
        reply = self.http.generic(
            method,
            path,
            data,
            content_type=content_type,
            headers=given,
            SERVER_NAME=self.host,
            CONTENT_TYPE=content_type,  # else Django's client leaves it out without a body
        )
        return _read(reply)


def _read(reply: Any) -> Any:
    """The answer with its `body` read to the end, which closes its file."""
    reply.body = reply.getvalue()
    return reply
