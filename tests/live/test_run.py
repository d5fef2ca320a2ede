"""Starting and stopping the service: what is printed, what survives, what is refused."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.live.conftest import Make
from tests.live.server import SECONDS, LiveServer, LiveSite
from tests.servers import in_production

STOP_SECONDS = 10.0
"""The promise is two; a busy machine may take longer to look."""

CHILDREN: dict[str, Callable[[LiveServer], int]] = {
    "web main": lambda server: server.child("web"),
    "web worker": LiveServer.web_worker,
    "drain": lambda server: server.child("drain"),
    "worker": lambda server: server.child("worker"),
}


@pytest.fixture(scope="module")
def site(shared: LiveServer) -> LiveSite:
    """A site of the shared server."""
    return shared.make_site("running")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The only site of a server that these tests stop and start again."""
    server = LiveServer(tmp_path_factory.mktemp("alone"))
    try:
        server.start()
        yield server.make_site("alone")
    finally:
        server.kill()


def eventually(question: Callable[[], bool]) -> bool:
    """Whether it comes true in time."""
    deadline = time.monotonic() + SECONDS
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def counts(site: LiveSite, path: str) -> bool:
    """Whether a pageview is accepted, sooner or later."""

    def counted() -> bool:
        try:
            site.count(path)
        except (httpx.TransportError, AssertionError):
            return False
        return True

    return eventually(counted)


def refusal(server: LiveServer) -> str:
    """What a server says that does not start: one line and no traceback."""
    process = server.spawn()
    assert process.wait(SECONDS) == 1
    said = server.said().strip()
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1, said
    return said


def test_a_new_server_says_where_to_go_next(shared: LiveServer) -> None:
    end = "Ctrl-C stops everything."
    assert eventually(lambda: end in shared.said())
    said = shared.said().partition(end)[0]
    mode = "PostgreSQL, Redis" if in_production() else "SQLite"
    assert f"serving on {shared.url} ({mode}" in said
    assert "manage.py create_site my-site --email me@example.com" in said
    assert "manage.py create_api_key my-site" in said
    assert "WARNING" not in said
    for noise in ("celery@", "SecurityWarning", "superuser", "beat"):
        assert noise not in shared.said()


def test_the_only_site_answers_at_the_bare_address(alone: LiveSite) -> None:
    with alone.client() as client:
        bare = {"Host": f"127.0.0.1:{alone.server.port}"}
        assert client.get("/api/v0/export", headers=bare).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_of_it_and_loses_nothing(
    alone: LiveSite, number: signal.Signals
) -> None:
    server = alone.server
    sent = [f"/{number.name}/{n}" for n in range(400)]
    alone.count(*sent)
    stopped = server.stop(number)
    assert server.processes() == []
    again = server.start()
    assert sorted(p for p in alone.paths(*sent) if p.startswith(f"/{number.name}/")) == sorted(sent)
    print(
        f"{number.name}: stopped in {stopped:.2f} s, started again in {again:.2f} s, "
        f"{server.memory() >> 20} MiB (PSS) in {len(server.processes())} processes"
    )
    assert stopped < STOP_SECONDS


def test_it_stops_while_an_export_is_built_and_builds_it_after_the_next_start(
    alone: LiveSite,
) -> None:
    server = alone.server
    for batch in range(80):
        alone.count(*(f"/large/{batch}/{n}" for n in range(500)))
    alone.paths(count=40_000)
    export = alone.post("/api/v0/export").json()["id"]
    folder = server.data / "exports"
    assert eventually(lambda: any(folder.glob(f"*/{export}/.*")))
    stopped = server.stop()
    cut = not any(folder.glob(f"*/{export}/*.gz"))
    print(f"stopped in {stopped:.2f} s; the export was {'cut short' if cut else 'finished'}")
    assert stopped < STOP_SECONDS
    assert server.processes() == []
    assert not any(folder.glob(f"*/{export}/.*")), "an unfinished file is left"
    server.start()
    assert len(alone.finished(export)[0]) >= 40_000


def test_children_leave_when_their_supervisor_is_killed_and_a_new_one_takes_over(
    alone: LiveSite,
) -> None:
    server = alone.server
    for find in CHILDREN.values():
        find(server)
    alone.count("/last")
    server.kill_supervisor()
    server.start()
    assert counts(alone, "/first")
    alone.paths("/last", "/first")
    server.kill_supervisor()
    assert eventually(lambda: not server.processes())


@pytest.mark.parametrize("name", CHILDREN)
def test_a_killed_child_is_started_again(shared: LiveServer, site: LiveSite, name: str) -> None:
    killed = CHILDREN[name](shared)
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: CHILDREN[name](shared) != killed)
    assert counts(site, f"/after-{killed}")
    site.paths(f"/after-{killed}")


def test_a_second_server_on_the_port_is_refused(shared: LiveServer, make_server: Make) -> None:
    second = make_server(PORT=str(shared.port))
    assert f"127.0.0.1:{shared.port} can not be served: Address already in use" in refusal(second)
    assert shared.answers()


def test_a_second_server_on_the_data_folder_is_refused(
    shared: LiveServer, make_server: Make
) -> None:
    second = make_server(GOATAPI_DATA_DIR=str(shared.data))
    assert "another server is running on the data folder" in refusal(second)
    assert shared.answers()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("HOST", "nobody.invalid"),
        ("HOST", "192.0.2.1"),
        ("GOATAPI_JOURNAL", "perhaps"),
        ("GOATAPI_RATELIMIT", "api:fast"),
        ("GOATAPI_DATA_DIR", "/dev/null/data"),
        ("DATABASE_URL", "postgres://127.0.0.1:1/none"),
        ("GEOIP_DB", "/nowhere"),
        ("GEOIP_DB", "/etc/passwd"),
        ("EXPORT_STORAGE_URL", "file:///etc/passwd"),
    ],
)
def test_a_bad_value_stops_the_start_with_a_sentence(
    make_server: Make, name: str, value: str
) -> None:
    said = refusal(make_server(**{name: value}))
    print(said)
    assert name in said or value in said or "127.0.0.1" in said


def test_a_key_is_printed_alone(shared: LiveServer, site: LiveSite) -> None:
    made = shared.manage(
        *("create_api_key", site.code, "--email", f"{site.code}@example.com", "--name", "second"),
        *("--permissions", "", "--expires", "90d"),
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("goat_")
    assert len(made.stdout.split()) == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("create_site running --email other@example.com", "running"),
        ("create_site Under_score --email other@example.com", "code"),
        ("create_api_key absent --email a@example.com --name n --permissions count", "absent"),
        ("create_api_key running --email a@example.com --name n --permissions count", "a@example"),
    ],
)
def test_commands_refuse_in_a_sentence(
    shared: LiveServer, site: LiveSite, arguments: str, word: str
) -> None:
    done = shared.manage(*arguments.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1
