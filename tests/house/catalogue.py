"""Texts marked for translation, and a catalogue of them, read without gettext's tools."""

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("goatapi", "sites", "storage", "hits", "exports", "stats", "ops", "dashboard")
MARKS = frozenset({"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"})
LITERAL = r"u?(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
CALL = re.compile(rf"\b(?:_|n?gettext)\(((?:[\s,]*{LITERAL})+)")


Text = tuple[str, ...]
"""One marked text; with a second one where it has a plural."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A text of the catalogue and what it is in the other language."""

    text: Text
    translated: tuple[str, ...]
    fuzzy: bool


def marked() -> dict[Text, str]:
    """Every text that the product marks → a file that does."""
    found: dict[Text, str] = {}
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.is_file():
            found |= dict.fromkeys(_in_template(path.read_text()), str(path.relative_to(ROOT)))
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            found |= dict.fromkeys(_in_python(path.read_text()), str(path.relative_to(ROOT)))
    return found


def entries(path: Path) -> list[Entry]:
    """The texts of a `.po` file; neither its header nor what it has kept of former texts."""
    blocks = path.read_text().split("\n\n")
    return [entry for block in blocks if (entry := _entry(block)) and entry.text != ("",)]


def compiled(path: Path) -> dict[str | tuple[str, int], str]:
    """A `.mo` file: text, or text and number of the plural form → translation."""
    with path.open("rb") as file:
        catalogue: dict[str | tuple[str, int], str] = vars(gettext.GNUTranslations(file))[
            "_catalog"
        ]
    return {text: translated for text, translated in catalogue.items() if text}


def _in_template(source: str) -> Iterator[Text]:
    for call in CALL.finditer(templatize(source)):
        yield tuple(ast.literal_eval(literal) for literal in re.findall(LITERAL, call[1]))


def _in_python(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) in MARKS:
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            found = tuple(text for text in texts if isinstance(text, str))
            if found:
                yield found


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _entry(block: str) -> Entry | None:
    fields: dict[str, str] = {}
    name = ""
    lines = [line for line in block.splitlines() if not line.startswith("#")]
    for line in lines:
        key, _, rest = line.partition(" ")
        begins = not line.startswith('"')
        name = key if begins else name
        fields[name] = fields.get(name, "") + str(ast.literal_eval(rest if begins else line))
    if "msgid" not in fields:
        return None
    plural = (fields["msgid_plural"],) if "msgid_plural" in fields else ()
    translated = tuple(text for key, text in fields.items() if key.startswith("msgstr"))
    return Entry((fields["msgid"], *plural), translated, fuzzy="\n#, fuzzy" in f"\n{block}")
