"""What the documents say is what the code does, as far as a test can tell."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_environment_variable_is_in_the_readmes_table() -> None:
    code = (ROOT / "goatapi" / "env.py").read_text()
    read = set(re.findall(r'source(?:\.get\()?(?:, )?"([A-Z_]+)"', code))
    assert {"PORT", "DATABASE_URL", "GOATAPI_JOURNAL"} <= read
    table = (ROOT / "README.md").read_text().partition("## Configuration")[2]
    named = {
        name
        for row in re.findall(r"^\| (`[^|]+)\|", table, re.M)
        for name in re.findall(r"[A-Z_]+", row)
    }
    assert named == read


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert "://" not in (ROOT / name).read_text()


def test_every_room_begins_with_what_lives_in_it() -> None:
    for room in ("goatapi", "sites", "storage", "hits", "exports", "stats", "ops", "dashboard"):
        text = (ROOT / room / "__init__.py").read_text()
        assert text.startswith('"""')
        assert "Front doors" in text
