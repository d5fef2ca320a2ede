"""Whether the tools of others hold the documents for valid; tests/contract/test_reference.py has Python's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from goatapi.http.reference import openapi_text, swagger_text
from tests import nodejs


@pytest.mark.parametrize("text", [swagger_text, openapi_text], ids=["2.0", "3.1"])
def test_swagger_parser_accepts_it(text: Callable[[], bytes], tmp_path: Path) -> None:
    file = tmp_path / "document.json"
    file.write_bytes(text())
    said = nodejs.node("src/validate.mjs", str(file))
    assert (said.returncode, said.stderr) == (0, "")
    assert int(said.stdout) == 7


def test_swagger_parser_refuses_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "document.json"
    file.write_bytes(swagger_text().replace(b'"responses"', b'"answers"', 1))
    said = nodejs.node("src/validate.mjs", str(file))
    assert said.returncode != 0
    assert "not a valid" in said.stderr or "failed" in said.stderr
