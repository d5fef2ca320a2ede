"""The two servers of a test run in production mode, started before Django's settings are read.

GOATAPI_TEST_ON chooses: `sqlite` (the default: nothing but files) or `production`.
"""

import atexit
import itertools
import os
from contextlib import ExitStack
from functools import cache
from typing import NamedTuple

from tests.postgres import PrivatePostgres
from tests.redis import DATABASES, PrivateRedis

CHOICES = ("sqlite", "production")
_numbers = itertools.count(1)


class Servers(NamedTuple):
    """Both, running until the test run ends."""

    postgres: PrivatePostgres
    redis: PrivateRedis

    def fresh(self) -> dict[str, str]:
        """The environment for a service with a database and a queue of its own."""
        number = next(_numbers)
        assert number < DATABASES, "tests/redis.py has to be given more databases"
        return {
            "DATABASE_URL": self.postgres.create(f"live_{number}"),
            "REDIS_URL": self.redis.url_of(number),
        }


def in_production() -> bool:
    """Whether this run is the one on PostgreSQL and Redis."""
    chosen = os.environ.get("GOATAPI_TEST_ON") or CHOICES[0]
    if chosen not in CHOICES:
        raise SystemExit(f"GOATAPI_TEST_ON must be one of {', '.join(CHOICES)}, not {chosen!r}")
    return chosen == "production"


@cache
def servers() -> Servers:
    """Started by the first who asks."""
    stack = ExitStack()
    atexit.register(stack.close)
    return Servers(stack.enter_context(PrivatePostgres()), stack.enter_context(PrivateRedis()))
