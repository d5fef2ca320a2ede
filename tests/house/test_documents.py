"""What the documents say is what the code does, as far as a test can tell."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
REGISTRIES = rb"registry\.npmjs|registry\.yarnpkg|files\.pythonhosted|pypi\.org|proxy\.golang"


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
    """Each machine has its own: a lock file pins contents by their hashes, not by where they came from."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    others = [path for path in files if path.is_file() and path != Path(__file__)]
    assert not [path for path in others if re.search(REGISTRIES, path.read_bytes())]
    pinned = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
    assert not [path for path in pinned if "://" in path.read_text()]
    packages = json.loads((ROOT / "tests/node/package-lock.json").read_text())["packages"]
    assert all("integrity" in locked for name, locked in packages.items() if name)
    assert not [name for name, locked in packages.items() if "resolved" in locked]


def test_every_room_begins_with_what_lives_in_it() -> None:
    for room in ("goatapi", "sites", "storage", "hits", "exports", "stats", "ops", "dashboard"):
        text = (ROOT / room / "__init__.py").read_text()
        assert text.startswith('"""')
        assert "Front doors" in text


def links(document: Path) -> Iterator[tuple[str, str]]:
    """(path, anchor) of every link to something of ours; either may be empty."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"(https?|mailto):", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(target: Path) -> set[str]:
    """What can be linked to within a file: a page's ids, a document's titles as they are usually spelt."""
    text = target.read_text()
    if target.suffix == ".html":
        return set(re.findall(r'\bid="([^"]+)"', text))
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, anchor in links(document):
        target = document.parent / path if path else document
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_the_index_lists_every_document() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / path).resolve() for path, _ in links(index)}
    assert set(DOCUMENTS) - {index} <= listed
