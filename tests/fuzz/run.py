"""Runs schemathesis against a live server, once for each document and kind of key."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.live.server import ROOT, LiveServer, LiveSite

DOCUMENTS = ("api.openapi.json", "api.json")
KEYS = ("good", "bad", "none")
OPERATIONS = 9
"""About so many are in a document: what is asked for in all is shared out among them."""

PROGRAM = "from schemathesis.cli import schemathesis; schemathesis()"


@dataclass(frozen=True, slots=True)
class Run:
    """One document with one kind of key; `said` is schemathesis's own report."""

    document: str
    key: str
    cases: int
    is_clean: bool
    said: str


def make_site(server: LiveServer) -> LiveSite:
    """The only one of a running server, with a key for everything, some pageviews and an export of them."""
    site = server.make_site("fuzz", "count,export,site-read,site-create,site-update,stats")
    site.count("/one", "/two")
    site.export()
    return site


def runs(site: LiveSite, folder: Path, *, cases: int, seed: int, phases: str) -> Iterator[Run]:
    """At least `cases` requests in all, as far as the `phases` generate so many. Two at a time."""
    each = -(-cases // (len(DOCUMENTS) * len(KEYS) * OPERATIONS))
    options = ("--max-examples", str(each), "--seed", str(seed), "--phases", phases)

    def run(document: str, key: str) -> Run:
        return _run(site, folder / f"{document}-{key}.json", document, key, options)

    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(run, *zip(*itertools.product(DOCUMENTS, KEYS), strict=True))


def _run(site: LiveSite, report: Path, document: str, key: str, options: tuple[str, ...]) -> Run:
    command = [
        *(sys.executable, "-c", PROGRAM, "--no-color"),
        *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
        *("run", f"{site.server.url}/{document}", *options, *_key(site, key)),
        *("--report", "json", "--report-json-path", str(report)),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"FUZZ_KEY": key},
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(report.read_text()) if report.exists() else {}
    generated = told.get("test_cases", {}).get("generated", 0)
    return Run(document, key, generated, done.returncode == 0, done.stdout + done.stderr)


def _key(site: LiveSite, key: str) -> tuple[str, ...]:
    if key == "none":
        return ("--generation-with-security-parameters", "false")
    text = site.key if key == "good" else site.key[:-1] + "!"
    return "--header", f"Authorization: Bearer {text}"
