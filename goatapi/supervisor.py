"""`python -m goatapi.supervisor`: the whole service on one machine, as one process tree in the foreground.

Migrates, then keeps three children alive: `web`, `drain`, `worker`. SIGTERM or Ctrl-C stops all of it.
One supervisor for one data folder, which it locks.
Standard library alone: the supervisor is to stay small and to outlive its children's mistakes.
"""

import ctypes
import fcntl
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from goatapi.address import taken

CHILDREN = {"web": 0.0, "drain": 1.0, "worker": 1.0}
"""Each with the seconds it waits at the start: all at once, they take the processors from the one waited for."""
STOP_SECONDS = 5.0
"""Until a child that does not leave is killed. Most need half a second, an export its next batch of rows."""
LEAVING_SECONDS = 3.0
"""How long the children of a killed supervisor may take to leave the port."""
RESTART_SECONDS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits before the first, second… restart of a child that does not stay up for ten seconds."""
STEADY_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only
ROOT = Path(__file__).resolve().parent.parent


class Child:
    """One process of the tree, started again whenever it ends."""

    def __init__(self, name: str, due_at: float) -> None:
        self.name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._failures = 0
        self._due_at = due_at

    def tend(self, now: float) -> None:
        """Start the process if it is not there and its time has come."""
        if self._process is None:
            if now >= self._due_at:
                self._start(now)
        elif (code := self._process.poll()) is not None:
            self._note_end(code, now)

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait for it until `deadline`, then kill it and what it started."""
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        kill_group(self._process.pid)
        self._process.wait()

    def _start(self, now: float) -> None:
        self._process = manage(self.name)
        self._started_at = now

    def _note_end(self, code: int, now: float) -> None:
        assert self._process  # noqa: S101  # only called with one
        kill_group(self._process.pid)
        self._failures = 0 if now - self._started_at > STEADY_SECONDS else self._failures + 1
        wait = RESTART_SECONDS[min(self._failures, len(RESTART_SECONDS) - 1)]
        say(f"{self.name} ended with code {code}; it is started again in {wait:g} s")
        self._process = None
        self._due_at = now + wait


class Refused(Exception):
    """The service can not start; the text says why."""


def main() -> int:
    """Run until told to stop; the exit code."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with claimed(data_folder()):
            return run(stop)
    except Refused as refusal:
        print(f"goatapi: {refusal}", file=sys.stderr)
        return 1


def run(stop: threading.Event) -> int:
    """Prepare, then tend the children until `stop`. Errors: `Refused`."""
    code = prepare(stop)
    if code or stop.is_set():
        return 0 if stop.is_set() else code
    if reason := taken(*address(), patience=LEAVING_SECONDS):
        raise Refused(reason)
    children = [Child(name, time.monotonic() + delay) for name, delay in CHILDREN.items()]
    threading.Thread(target=greet, args=(stop,), daemon=True).start()
    while not stop.is_set():
        now = time.monotonic()
        for child in children:
            child.tend(now)
        stop.wait(0.1)
    return end(children)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keeps a second supervisor from the folder. Errors: `Refused`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refused(f"the data folder {folder} can not be used: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(f"another server is running on the data folder {folder}") from None
    finally:
        os.close(lock)


def prepare(stop: threading.Event) -> int:
    """Bring the databases up to date; the exit code of the command, which says itself what is wrong."""
    process = manage("prepare")
    while True:
        try:
            return process.wait(0.2)
        except subprocess.TimeoutExpired:
            if stop.is_set():
                process.terminate()


def manage(command: str) -> "subprocess.Popen[bytes]":
    """Start `manage.py COMMAND`, out of reach of the terminal's Ctrl-C, which is for the supervisor alone."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=leave_with_supervisor,  # noqa: PLW1509  # see there
    )


def leave_with_supervisor() -> None:
    """Runs in the new child: have the kernel end it when the supervisor is gone, killed ones included.

    Safe between fork and exec, since the supervisor's other thread holds no lock that this needs.
    """
    if PRCTL is not None:
        PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)


def kill_group(leader: int) -> None:
    """SIGKILL for a child and whatever it started; each child leads a group of its own."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def address() -> tuple[str, int]:
    """What the web server will listen on; `prepare` has checked the variables."""
    return os.environ.get("HOST") or "127.0.0.1", int(os.environ.get("PORT") or 8000)


def end(children: list[Child]) -> int:
    """Stop all children at once, within `STOP_SECONDS`."""
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.end(deadline)
    say("stopped")
    return 0


def greet(stop: threading.Event) -> None:
    """Say where to go next, once the server answers."""
    host, port = address()
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    while not stop.wait(0.05):
        if answers(reachable, port):
            url = f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}"
            say(_welcome(url) + _invitation(url))
            return


def answers(host: str, port: int) -> bool:
    """Whether /healthz does."""
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _welcome(url: str) -> str:
    mode = (
        "Redis" if os.environ.get("REDIS_URL") else "no Redis: exports run in the worker beside it"
    )
    database = "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("p") else "SQLite"
    return (
        f"serving on {url} ({database}, {mode}, journal mode "
        f"{os.environ.get('GOATAPI_JOURNAL') or 'write'})\n"
        f"{_mail()}"
        "  Make a site and a key, in another terminal:\n"
        "    .venv/bin/python manage.py create_site my-site --email me@example.com\n"
        "    .venv/bin/python manage.py create_api_key my-site --email me@example.com "
        "--name first --permissions count,export\n"
        f"  Then count and export: see README.md, with {url} as the address.\n"
        "  Ctrl-C stops everything."
    )


def _mail() -> str:
    """Where mails are, without a mail server."""
    if os.environ.get("EMAIL_URL"):
        return ""
    return f"  Mail is written to files in {data_folder() / 'mail'}\n"


def _invitation(url: str) -> str:
    """For who may make the first account in the browser: the token that `prepare` left."""
    token = data_folder() / "first_run_token"
    if not token.is_file():
        return ""
    return f"\n  Or make the first account in a browser, at {url} with the token {token.read_text().strip()}"


def data_folder() -> Path:
    """Where databases and tokens are; the environment's own check comes with `prepare`."""
    return ROOT / (os.environ.get("GOATAPI_DATA_DIR") or "data")


def say(text: str) -> None:
    """A line for whoever watches the terminal; nobody may, any more."""
    with suppress(OSError):
        print(f"goatapi: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
