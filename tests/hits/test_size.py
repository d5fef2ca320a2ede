"""Screen sizes in all the forms clients send."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.size import screen_width

Size = str | float | Sequence[object] | None


@pytest.mark.parametrize(
    ("value", "width"),
    [
        ("1920", 1920),
        ("1920,1080", 1920),
        ("1920,1080,2", 1920),
        (" 1920 , 1080 , 1.5 ", 1920),
        ("1920.5,1080,1", 1920),
        ("1e3", 1000),
        ("2147483647", 2147483647),
        ("0,0,1", 0),
        ("", 0),
        (None, 0),
        ([], 0),
        (1920, 1920),
        (1920.9, 1920),
        (0, 0),
        ([1920], 1920),
        ([1920, 1080], 1920),
        ([1920.5, 1080, 2], 1920),
        (["1920", "1080"], 1920),
    ],
)
def test_only_the_width_is_kept_in_whole_pixels(value: Size, width: int) -> None:
    assert screen_width(value) == width


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("xxx", "screen size 'xxx' is not a number"),
        ("1920,yyy", "screen size 'yyy' is not a number"),
        ("1920,,2", "screen size '' is not a number"),
        ("NaN", "screen size 'NaN' is not a number"),
        ("1_920", "screen size '1_920' is not a number"),
        ("١٩٢٠", "screen size '١٩٢٠' is not a number"),
        (math.nan, "screen size 'nan' is not a number"),
        (True, "screen size 'True' is not a number"),
        ([None], "screen size 'None' is not a number"),
        ([[1]], "screen size '[1]' is not a number"),
        ("-1", "screen size -1 is out of range of int32"),
        ("-0.5", "screen size -0.5 is out of range of int32"),
        ("inf", "screen size inf is out of range of int32"),
        ("-Inf", "screen size -Inf is out of range of int32"),
        (math.inf, "screen size inf is out of range of int32"),
        ("-99999999999", "screen size -99999999999 is out of range of int32"),
        ("2147483648", "screen size 2147483648 is out of range of int32"),
        ("1920,2147483648", "screen size 2147483648 is out of range of int32"),
        (2147483648, "screen size 2147483648 is out of range of int32"),
        (10**400, "screen size 1" + "0" * 31 + " is out of range of int32"),
        ("1,2,3,4", "screen size has more than three numbers"),
        ([1, 2, 3, 4], "screen size has more than three numbers"),
    ],
)
def test_rubbish_is_refused_in_a_sentence(value: Size, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^screen size") as refusal:
        screen_width(value)
    assert str(refusal.value) == complaint


@given(
    st.none()
    | st.text(st.characters(), max_size=40)
    | st.text("0123456789.,e+-_ naif", max_size=20)
    | st.floats()
    | st.integers()
    | st.lists(st.floats() | st.integers() | st.text() | st.none() | st.booleans(), max_size=5)
)
def test_every_value_is_a_width_or_a_refusal(value: Size) -> None:
    try:
        width = screen_width(value)
    except ValueError:
        return
    assert type(width) is int
    assert 0 <= width <= 2147483647
