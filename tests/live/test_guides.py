"""What the documents have their readers do works, and prints what they show. `tests.live.reader` has the rules."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.live.conftest import Make
from tests.live.reader import Reader, agrees, steps
from tests.live.server import ROOT, LiveServer

pytestmark = pytest.mark.once

GUIDES = ROOT / "docs" / "guides"

PERMISSIONS = {
    "pageviews-from-a-backend.md": "count,export",
    "exporting-and-incremental-sync.md": "count,export",
    "rate-limits-and-errors.md": "count",
}
"""Of the key that a guide's reader has before. The others begin with a server that has no site."""


@pytest.mark.parametrize(
    "document", [ROOT / "README.md", *sorted(GUIDES.glob("*.md"))], ids=lambda path: path.stem
)
def test_commands_print_what_the_document_shows(
    document: Path, make_server: Make, tmp_path: Path
) -> None:
    """With the limits that a server has by default."""
    server = make_server(GOATAPI_RATELIMIT="")
    server.start()
    permissions = PERMISSIONS.get(document.name)
    key = server.make_site("my-site", permissions).key if permissions else ""
    text = document.read_text()
    assert any(step.fence.kind == "sh" for step in steps(text))
    with closing(Reader(server, tmp_path / "reader", key=key)) as reader:
        reader.follow(text)


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        ("```sh\nfalse; true\n```", "failed"),
        ("```sh\necho one\n```\n\n```text\ntwo\n```", "shown"),
        ("```sh\ncurl -s http://127.0.0.1:8000/api/v0/me\n```", "printed"),
        ("```ruby\nputs\n```", "ruby"),
        ("```sh\necho\n```\n\n```json\n\n```\n\n```json\n{}\n```", "answer to nothing"),
    ],
)
def test_a_document_with_a_mistake_is_noticed(
    mistake: str, complaint: str, shared: LiveServer, tmp_path: Path
) -> None:
    with (
        closing(Reader(shared, tmp_path / "reader")) as reader,
        pytest.raises(AssertionError, match=complaint),
    ):
        reader.follow(mistake)


def test_dots_stand_for_anything_within_a_line() -> None:
    assert agrees('{"at": "…"}\n', '{"at": "2026-11-23"}')
    assert not agrees('{"at": "…"}', '{"at": "2026-11-23",\n"error": "no"}')
