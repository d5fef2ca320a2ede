"""Things of which there should be one, twice.

Two beats, and two workers, are in tests/live/test_production.py.
"""

from tests.faults.conftest import load_on
from tests.faults.services import Service
from tests.live.server import SECONDS

SWEEPS = """
import time
from django.utils import timezone
from exports import tasks
for _ in range(20):
    tasks.sweep()
    tasks.expire()
    time.sleep(0.05)
"""


def test_a_second_drain_of_the_host_is_refused_and_changes_nothing(service: Service) -> None:
    with load_on(service) as load:
        load.goes_on()
        second = service.server.manage("drain")
        assert second.returncode == 1
        assert second.stderr.strip().endswith("another drain of this host is running")
        load.goes_on()
        load.judge()


def test_sweeps_at_the_same_time_have_each_export_built_once(on_postgresql: Service) -> None:
    service = on_postgresql
    with load_on(service) as load:
        load.goes_on()
        before = asked_for(service)
        sweeps = [service.server.launch("manage.py", "shell", "-c", SWEEPS) for _ in range(2)]
        while any(process.poll() is None for process in sweeps):
            service.site.export()
        assert [process.returncode for process in sweeps] == [0, 0], service.warnings()
        load.judge()
    sql = "SELECT attempts FROM exports_export WHERE id > %(before)s"
    attempts = [tried for (tried,) in service.query(sql, before=before)]
    assert len(attempts) > 1
    assert set(attempts) == {1}


def asked_for(service: Service) -> int:
    """The id of the last export so far."""
    return int(service.query("SELECT coalesce(max(id), 0) FROM exports_export")[0][0])


def test_two_who_purge_at_once_take_nothing_that_is_needed(on_postgresql: Service) -> None:
    service = on_postgresql
    with load_on(service) as load:
        load.goes_on()
        purge_together(service)
        load.goes_on()
        load.judge()


def purge_together(service: Service) -> None:
    """The hourly task, from two processes, again and again."""
    code = "from ops import tasks\nfor _ in range(50): tasks.purge_short_lived()"
    both = [service.server.launch("manage.py", "shell", "-c", code) for _ in range(2)]
    assert [process.wait(SECONDS) for process in both] == [0, 0], service.warnings()
