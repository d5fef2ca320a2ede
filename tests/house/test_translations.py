"""The German catalogue is complete, and what is used is what is written."""

import re

import pytest

from tests.house.catalogue import ROOT, Entry, compiled, entries, marked

GERMAN = ROOT / "locale/de/LC_MESSAGES/django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|\{\w+\}")

pytestmark = pytest.mark.once


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def edges(text: str) -> tuple[str, str]:
    """What of blanks is around a text: it has to stay."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def wrong(entry: Entry) -> bool:
    """Whether something is missing, guessed, or has lost a value or a blank."""
    if entry.fuzzy or len(entry.translated) != len(entry.text) or not all(entry.translated):
        return True
    pairs = list(zip(entry.text, entry.translated, strict=True))
    return any(
        placeholders(text) != placeholders(german) or edges(text) != edges(german)
        for text, german in pairs
    )


def test_every_text_is_in_the_catalogue_and_none_that_is_gone() -> None:
    texts = marked()
    known = {entry.text for entry in entries(GERMAN)}
    assert len(texts) > 100
    assert {text: place for text, place in texts.items() if text not in known} == {}, (
        "make messages, then translate them in locale/de/LC_MESSAGES/django.po"
    )
    assert known - set(texts) == set(), "make messages"


def test_every_text_is_translated_with_all_its_values() -> None:
    assert [entry.text for entry in entries(GERMAN) if wrong(entry)] == []


def test_the_compiled_catalogue_is_that_of_the_text_file() -> None:
    expected: dict[str | tuple[str, int], str] = {}
    for entry in entries(GERMAN):
        if len(entry.text) == 1:
            expected[entry.text[0]] = entry.translated[0]
        else:
            expected |= {(entry.text[0], n): text for n, text in enumerate(entry.translated)}
    assert compiled(GERMAN.with_suffix(".mo")) == expected, "make messages"
