"""A reader of the documents: does what they say from top to bottom, and compares what comes with what is shown.

The rules by which documents are written:

- A fence marked `sh` is typed into a shell; all of a document's into the same one. The shell stands in a folder
  like that of the repository, and ends at the first command that fails.
- A fence marked `python NAME` or `js NAME` is saved as the file NAME.
- A fence marked `json` or `text` is what the `sh` before it prints. In it `…` stands for anything within a line.
  Where no such fence follows, anything may be printed but a refusal.
- Anything else, such as an indented block, is only looked at.
- `http://127.0.0.1:8000` is the reader's server, `YOUR_API_KEY` the reader's key.
"""

import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from threading import Timer
from typing import NamedTuple

from tests.live.server import ROOT, SECONDS, LiveServer, wait_until

FENCE = re.compile(r"^```(\S*) ?(\S*)\n(.*?)^```$", re.M | re.S)
DONE = ("sh", "python", "js")
SHOWN = ("json", "text")
PRINTED = "http://127.0.0.1:8000"
LINKS = {".venv": Path(sys.prefix), "manage.py": ROOT / "manage.py", "docs": ROOT / "docs"}
"""What of the repository a reader uses."""
REFUSAL = re.compile(r'"errors?": [^n]')


class Fence(NamedTuple):
    """A part of a document that is marked as being of some kind; `name` is that of a file."""

    kind: str
    name: str
    text: str


class Step(NamedTuple):
    """A fence that is to be done; `shown` is what it is to print, None where that is left open."""

    fence: Fence
    shown: str | None


def steps(document: str) -> Iterator[Step]:
    """What a document has its readers do, in order. Errors: AssertionError for what breaks the rules."""
    found = [Fence(*groups) for groups in FENCE.findall(document)]
    edge = Fence("", "", "")
    for fence, following in pairwise([edge, *found, edge]):
        assert fence.kind in (*DONE, *SHOWN, ""), f"nobody knows what {fence.kind} is"
        assert bool(fence.name) == (fence.kind in ("python", "js")), f"whose name? {fence}"
        answered = following.kind in SHOWN
        assert not answered or fence.kind == "sh", f"an answer to nothing: {following}"
        if fence.kind in DONE:
            yield Step(fence, following.text if answered else None)


def agrees(shown: str, printed: str) -> bool:
    """Whether that is what was shown."""
    parts = map(re.escape, shown.strip().split("…"))
    return re.fullmatch("[^\n]*".join(parts), printed.strip()) is not None


class Reader:
    """Somebody with a terminal. To be closed."""

    def __init__(self, server: LiveServer, folder: Path, *, key: str = "") -> None:
        self._server, self._folder, self._key = server, folder, key
        folder.mkdir()
        for name, target in LINKS.items():
            (folder / name).symlink_to(target)
        self._shell = subprocess.Popen(
            ["bash", "-euo", "pipefail"],
            cwd=folder,
            env=server.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def follow(self, document: str) -> None:
        """Do all that it says. Errors: AssertionError with the first thing that comes otherwise."""
        for step in steps(document):
            if step.fence.kind == "sh":
                self._type(step.fence.text, step.shown)
            else:
                (self._folder / step.fence.name).write_text(self._filled_in(step.fence.text))

    def close(self) -> None:
        """Leave the shell."""
        self._shell.kill()
        self._shell.communicate()

    def _type(self, text: str, shown: str | None) -> None:
        wait_until(self._is_stored, self._server.said)  # it takes people longer to read on
        printed, said = self._run(self._filled_in(text))
        told = f"{text}\nprinted:\n{printed}\n{said}"
        if shown is None:
            assert not REFUSAL.search(printed), told
        else:
            assert agrees(shown, printed), f"{told}\nshown:\n{shown}"

    def _run(self, text: str) -> tuple[str, str]:
        """What commands print, and what they print to stderr."""
        script, printed, said = (self._folder / f".{name}" for name in ("script", "out", "err"))
        script.write_text(text)
        files = [shlex.quote(str(path)) for path in (script, printed, said)]
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(". {} >{} 2>{} </dev/null; echo\n".format(*files))
        self._shell.stdin.flush()
        watch = Timer(SECONDS, self._shell.kill)
        watch.start()
        came_back = self._shell.stdout.readline()
        watch.cancel()
        assert came_back, f"{text}\nfailed:\n{printed.read_text()}\n{said.read_text()}"
        output = printed.read_text().replace("\r", "").replace(f":{self._server.port}", ":8000")
        return output, said.read_text()

    def _filled_in(self, text: str) -> str:
        return text.replace(PRINTED, self._server.url).replace("YOUR_API_KEY", self._key)

    def _is_stored(self) -> bool:
        """Whether all pageviews that were accepted can be exported: nothing else tells without an export."""
        path = f"file:{self._server.data / 'vault.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as database:
            rows = database.execute("SELECT segment, position FROM journal_positions")
            done: dict[str, int] = dict(rows.fetchall())
        segments = (self._server.data / "journal").glob("*.seg")
        return all(path.stat().st_size <= done.get(path.name, 0) for path in segments)
