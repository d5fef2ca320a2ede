"""Limits, for the tests about them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest


@pytest.fixture
def limited(settings: Any) -> Callable[[int], None]:
    """Sets how many tries there are in a day: no window is to end within a test."""

    def limit(tries: int) -> None:
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"login": (tries, 86_400)})

    return limit
