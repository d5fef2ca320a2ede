"""What was acknowledged is there exactly once, whenever the machine's processes are killed."""

import os
import random
import time
from collections import Counter

import pytest

from tests.live.conftest import Make
from tests.live.load import Client
from tests.live.server import SECONDS, LiveSite

CLIENTS = 8
HITS = 20_000
SEED = int(os.environ.get("LIVE_SEED", "20261123"))
ENDS = (("kill", 0.05, 0.25), ("kill", 0.3, 0.5), ("kill", 0.55, 0.75), ("stop", 0.8, 0.95))
"""How the server ends, and between which parts of the way; the stop by SIGTERM is to lose nothing either."""


@pytest.mark.parametrize("mode", ["write", pytest.param("fsync", marks=pytest.mark.once)])
def test_acknowledged_pageviews_survive_three_kills_and_a_stop_under_load(
    make_server: Make, mode: str
) -> None:
    server = make_server(GOATAPI_JOURNAL=mode)
    server.start()
    site = server.make_site("killed")
    clients = sending(site, HITS)
    chance = random.Random(f"{SEED} {mode}")  # noqa: S311  # moments, no secrets
    for end, earliest, latest in ENDS:
        wait_for_sent(clients, int(HITS * chance.uniform(earliest, latest)))
        time.sleep(chance.uniform(0, 0.05))
        assert any(client.is_alive() for client in clients), "nobody was sending any more"
        print(f"{end} after {sent(clients)} pageviews (seed {SEED})")
        getattr(server, end)()
        server.start()
    judge(mode, site, clients)


def sending(site: LiveSite, hits: int) -> list[Client]:
    """Clients that have begun to send `hits` pageviews together."""
    clients = [Client(site, f"client-{number}", hits // CLIENTS) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    return clients


def judge(mode: str, site: LiveSite, clients: list[Client]) -> None:
    """Acknowledged: once. Unanswered: a request is there wholly and once, or not at all. Refused: not at all."""
    for client in clients:
        client.join(SECONDS)
    assert not any(client.is_alive() for client in clients)
    acknowledged = [marker for client in clients for marker in client.acknowledged]
    unanswered = [markers for client in clients for markers in client.unanswered]
    refused = [marker for client in clients for marker in client.refused]
    rows = exported(site, set(acknowledged))
    lost = [marker for marker in acknowledged if not rows[marker]]
    doubled = [marker for marker, count in rows.items() if count > 1]
    print(
        f"journal mode {mode}: {sent(clients)} sent, {len(acknowledged)} acknowledged, "
        f"{sum(map(len, unanswered))} unanswered "
        f"(of these {sum(bool(rows[m]) for ms in unanswered for m in ms)} counted), "
        f"{len(refused)} refused, {len(lost)} lost, {len(doubled)} doubled"
    )
    assert (lost, doubled) == ([], [])
    assert not [marker for marker in refused if rows[marker]]
    assert sum(rows.values()) <= sent(clients)
    for markers in unanswered:
        assert len({rows[marker] for marker in markers}) == 1, "half of a batch"


def exported(site: LiveSite, awaited: set[str]) -> "Counter[str]":
    """Paths by how often they are exported, once all `awaited` are and nothing more comes."""
    rows: Counter[str] = Counter()
    cursor, deadline = 0, time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        lines, cursor = site.export(after=cursor)
        rows.update(line.partition(",")[0] for line in lines)
        if not lines and awaited <= rows.keys():
            break
        time.sleep(0.5)
    assert sum(rows.values()) == len(site.export()[0]), "the cursor has skipped or repeated rows"
    return rows


def sent(clients: list[Client]) -> int:
    """Pageviews of all clients so far."""
    return sum(client.sent() for client in clients)


def wait_for_sent(clients: list[Client], count: int) -> None:
    """Until `count` pageviews were sent."""
    deadline = time.monotonic() + SECONDS
    while sent(clients) < count:
        assert time.monotonic() < deadline, "the clients do not get on"
        time.sleep(0.001)
