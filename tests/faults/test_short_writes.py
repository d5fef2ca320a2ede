"""A disk that takes a part of a record: by a limit on the size of files, which needs no root."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.conftest import load_on
from tests.faults.services import Service

MORE = 40_000


def grown(service: Service) -> Path:
    """The segment with most in it, which is the one that is written to."""
    return max(service.journal.glob("*.seg"), key=lambda path: path.stat().st_size)


def quarantine(service: Service) -> list[Path]:
    """What is kept there, of tests before this one as well."""
    return list((service.journal / "quarantine").glob("*"))


@contextmanager
def files_limited(service: Service) -> Iterator[int]:
    """The web server's files may grow a little, to the size given: what goes beyond is cut there."""
    size = grown(service).stat().st_size + MORE
    pid = str(service.server.web_worker())
    subprocess.run(["prlimit", "--pid", pid, f"--fsize={size}:unlimited"], check=True)
    try:
        yield size
    finally:
        subprocess.run(["prlimit", "--pid", pid, "--fsize=unlimited:unlimited"], check=True)


def test_records_that_are_cut_short_are_taken_back_and_refused(service: Service) -> None:
    before = set(quarantine(service))
    with load_on(service) as load:
        for _ in range(3):
            load.goes_on()
            with files_limited(service) as size:
                load.is_refused()
                assert grown(service).stat().st_size <= size
        assert "short write" in service.server.said()
        load.goes_on()
        load.judge()
    assert set(quarantine(service)) == before
