"""Salts live 8 hours as the current one, 8 more as the previous one, and then nowhere."""

import threading
from pathlib import Path

from django.db import connections  # noqa: TID251 - each thread has a connection to close

from storage.protocols import Storage
from storage.types import Salt
from tests.storage.build import NOON
from tests.storage.conftest import Relational, Room

HOURS = 3600


def test_two_different_salts_are_made_and_stay_for_eight_hours(storage: Storage) -> None:
    current, previous = storage.ledger.salts(now=NOON)
    assert current.number == previous.number + 1
    assert current.value != previous.value
    assert len(current.value) == len(previous.value) == 32
    assert storage.ledger.salts(now=NOON + 8 * HOURS - 1) == (current, previous)


def test_after_eight_hours_the_current_one_becomes_the_previous(storage: Storage) -> None:
    old, _ = storage.ledger.salts(now=NOON)
    current, previous = storage.ledger.salts(now=NOON + 8 * HOURS)
    assert previous == old
    assert current.number == old.number + 1


def test_after_a_long_silence_both_are_new(storage: Storage) -> None:
    old = storage.ledger.salts(now=NOON)
    new = storage.ledger.salts(now=NOON + 16 * HOURS)
    assert not {salt.value for salt in old} & {salt.value for salt in new}


def test_a_clock_set_far_back_does_not_keep_a_salt(storage: Storage) -> None:
    old = storage.ledger.salts(now=NOON)
    assert old[0] not in storage.ledger.salts(now=NOON - 1000 * HOURS)


def test_of_two_rotations_at_once_one_wins(room: Room) -> None:
    room.fresh().ledger.salts(now=NOON)
    start = threading.Barrier(4)
    answers: list[tuple[Salt, Salt]] = []

    def rotate(engine: Storage) -> None:
        start.wait()
        answers.append(engine.ledger.salts(now=NOON + 8 * HOURS))
        connections.close_all()

    threads = [threading.Thread(target=rotate, args=[room.another()]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert {(current.value, previous.value) for current, previous in answers} == {
        (answers[0][0].value, answers[0][1].value)
    }


def test_an_old_salt_is_in_no_byte_of_the_files(sqlite_room: Relational, sqlite_file: Path) -> None:
    storage = sqlite_room.fresh()
    _, oldest = storage.ledger.salts(now=NOON)
    current, _ = storage.ledger.salts(now=NOON + 8 * HOURS)
    files = list(sqlite_file.parent.glob(sqlite_file.name + "*"))
    everything = b"".join(file.read_bytes() for file in files)
    assert current.value in everything
    assert oldest.value not in everything
