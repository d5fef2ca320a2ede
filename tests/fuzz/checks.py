"""Checks of our own beside schemathesis's. It loads this module in its own process, by schemathesis.toml."""

import os
from typing import Any

import django
import schemathesis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.openapi.contract import contract  # noqa: E402  # needs Django
from tests.openapi.exchange import from_wire  # noqa: E402


@schemathesis.check
def is_as_the_description_says(ctx: Any, response: Any, case: Any) -> None:
    """As for every other test; schemathesis itself looks for no undeclared header and closes no object."""
    asked = response.request
    body = asked.body or b""
    exchange = from_wire(
        method=asked.method,
        target=asked.path_url,
        asked=dict(asked.headers),
        sent=body.encode() if isinstance(body, str) else body,
        status=response.status_code,
        told=[(name, ", ".join(values)) for name, values in response.headers.items()],
        body=response.content,
    )
    contract().check(exchange)


@schemathesis.check
def opens_for_good_keys_alone(ctx: Any, response: Any, case: Any) -> None:
    """Preflights aside, which browsers send without one."""
    refused = not 200 <= response.status_code < 300
    assert refused or os.environ["FUZZ_KEY"] == "good" or response.request.method == "OPTIONS"
