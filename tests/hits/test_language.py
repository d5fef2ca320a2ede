"""The language a browser asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hits.language import language_of


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("fr", "fra"),
        ("en-US", "eng"),
        ("EN_gb", "eng"),
        ("nl", "nld"),
        ("zh-Hant-TW", "zho"),
        ("nb-NO", "nob"),
        ("iw", "heb"),
        ("in", "ind"),
        ("fil-PH", "fil"),
        ("haw", "haw"),
        ("deu", "deu"),
        ("pt-BR", "por"),
    ],
)
def test_a_tag_gives_the_code_of_its_language(tag: str, code: str) -> None:
    assert language_of(tag) == code


@pytest.mark.parametrize(
    "tag", ["", " ", "klingon", "xx", "i-klingon", "x-private", "e", "123", "*", "französisch"]
)
def test_an_unknown_tag_gives_none(tag: str) -> None:
    assert language_of(tag) == ""


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("en-US,en;q=0.5", "eng"),
        ("de-CH,de;q=0.9,en;q=0.8", "deu"),
        ("en;q=0.5, fr", "fra"),
        ("en;q=0.5 , fr; q=0.9", "fra"),
        ("en;q=0.8,fr;q=0.8", "eng"),
        ("*,fr;q=0.3", "fra"),
        ("*", ""),
        ("en;q=0, fr;q=0.1", "fra"),
        ("en;q=0", ""),
        ("en;q=rubbish,fr;q=0.1", "fra"),
        ("en;q=nan,fr;q=0.1", "fra"),
        ("en;q=9,fr;q=0.1", "fra"),
        ("en;level=1", "eng"),
        (",,fr", "fra"),
        ("xx,fr;q=0.5", ""),
    ],
)
def test_of_a_header_the_most_wanted_counts(header: str, code: str) -> None:
    assert language_of(header) == code


@given(st.text(st.characters(), max_size=100) | st.text("enfr-,;q=.019* ", max_size=40))
def test_no_header_makes_it_fail(header: str) -> None:
    assert len(language_of(header)) in (0, 3)
