"""The text of a key."""

import re

import pytest

from sites import keys


def test_a_key_is_marked_long_and_different_each_time() -> None:
    made = {keys.make() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"goat_[0-9A-Za-z]{34}", text) for text in made)


def test_a_key_that_was_made_is_well_formed() -> None:
    assert all(keys.well_formed(keys.make()) for _ in range(100))


def test_a_typing_error_anywhere_is_noticed() -> None:
    text = keys.make()
    for at, letter in enumerate(text):
        other = "a" if letter != "a" else "b"
        assert not keys.well_formed(text[:at] + other + text[at + 1 :])


@pytest.mark.parametrize("text", ["", "goat_", "x" * 39, "goat_" + "é" * 34, "goat_" + "0" * 34])
def test_what_was_never_a_key(text: str) -> None:
    assert not keys.well_formed(text)


def test_a_key_with_something_behind_it_is_another_text() -> None:
    assert not keys.well_formed(keys.make() + "\n")


def test_only_a_digest_and_a_few_characters_are_shown() -> None:
    text = keys.make()
    assert len(keys.digest(text)) == 32
    assert keys.digest(text) == keys.digest(text) != keys.digest(keys.make())
    assert keys.shown(text) == text[:9]


def test_names_and_masks() -> None:
    assert keys.mask_of(["export", "count"]) == 6
    assert keys.names_of(6) == ["count", "export"]
    assert keys.mask_of([]) == keys.NOTHING
    assert keys.names_of(keys.NOTHING) == []
    assert keys.ALL == 126


def test_an_unknown_permission_is_named() -> None:
    with pytest.raises(ValueError, match="unknown permission ‘fly’"):
        keys.mask_of(["count", "fly"])
