"""A short run of the fuzzer: both documents, each kind of key. `make fuzz` is the long one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.run import DOCUMENTS, KEYS, make_site, runs
from tests.live.server import LiveServer, LiveSite

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The only one of its server."""
    server = LiveServer(tmp_path_factory.mktemp("fuzz"))
    try:
        server.start()
        yield make_site(server)
    finally:
        server.kill()


def test_made_up_requests_get_what_the_description_says(site: LiveSite, tmp_path: Path) -> None:
    done = list(runs(site, tmp_path, cases=100, seed=1, phases="examples,fuzzing"))
    assert [(run.document, run.key) for run in done] == [(d, k) for d in DOCUMENTS for k in KEYS]
    assert not [run.said for run in done if not run.is_clean]
    assert all(run.cases for run in done)
