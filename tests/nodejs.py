"""What the tests borrow from Node: the packages that tests/node/package-lock.json names."""

import fcntl
import subprocess
from functools import cache
from pathlib import Path

NODE = Path(__file__).parent / "node"
SECONDS = 300.0
"""Deadline for a program, and for the packages to arrive."""


@cache
def packages() -> Path:
    """The folder `node_modules`, with exactly what the lock file names; installed when it is not there."""
    lock, modules = NODE / "package-lock.json", NODE / "node_modules"
    stamp = modules / ".goatapi-lock"
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # another test run may want them at the same moment
        wanted = held.read()
        if not stamp.exists() or stamp.read_bytes() != wanted:
            done = _run("npm", "ci", "--no-audit", "--no-fund", cwd=NODE)
            assert done.returncode == 0, done.stderr
            stamp.write_bytes(wanted)
    return modules


def tool(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a package's program in tests/node, as `npx NAME` would, and gives what it said."""
    return _run(str(packages() / ".bin" / name), *arguments, cwd=NODE)


def node(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a JavaScript file of tests/node, and gives what it said."""
    packages()
    return _run("node", *arguments, cwd=NODE)


def _run(*command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False
    )
