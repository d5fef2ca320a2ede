"""Which limits an admin may give a key."""

from dataclasses import replace
from typing import Any

import pytest

from goatapi.env import read
from sites import key_limits


@pytest.mark.parametrize(
    ("limit", "most", "passes"),
    [
        (None, (60, 120), True),
        ((60, 120), (60, 120), True),
        ((1, 1), (60, 120), False),  # 120 in 120 seconds
        ((1, 2), (60, 120), True),
        ((61, 86_400), (60, 120), False),  # 61 at once
        ((60, 86_400), (60, 120), True),
        ((1_000_000, 1), None, True),
        ((1_000_001, 1), None, False),
        ((0, 1), None, False),
        ((1, 0), None, False),
        ((1, 86_401), None, False),
    ],
)
def test_no_more_at_once_and_no_more_in_the_long_run(
    settings: Any, limit: Any, most: Any, passes: bool
) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ratelimit={"key": most})
    assert (key_limits.problem(limit) is None) is passes


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("", (60, 120)),
        ("api:100/60", (100, 60)),
        ("api:100/60,key:600/60", (600, 60)),
        ("api:none", None),
        ("key:none", None),
        ("none", None),
    ],
)
def test_the_most_is_what_the_api_allows_unless_the_operator_says(
    tmp_path: Any, text: str, most: Any
) -> None:
    source = {"GOATAPI_RATELIMIT": text, "GOATAPI_DATA_DIR": str(tmp_path)}
    assert read(source).ratelimit["key"] == most
