"""What a failure of the database means: try again, or never with this data."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DataError, Error, IntegrityError

from storage.protocols import TryAgain, Unstorable

ABOUT_THE_DATA = ("21", "22", "23", "44", "54")
"""Classes of SQLSTATE: cardinality, data, integrity, check option, and limits of the program (a key too long).

All others are about the moment: connection, deadlock, serialization, time-outs, a full disk, a shutdown,
a table that a migration has not made yet. Whoever took one of these for the data's own would put aside
everything that comes.
"""


@contextmanager
def in_our_words() -> Iterator[None]:
    """Errors of the database leave as `TryAgain` or `Unstorable`, whose cause they are."""
    try:
        yield
    except Error as error:
        kind = Unstorable if is_about_the_data(error) else TryAgain
        raise kind(str(error).strip()) from error
    except OverflowError as error:  # SQLite's driver, of a number that no column takes
        raise Unstorable(str(error)) from error


def is_about_the_data(error: Error) -> bool:
    """By the state that PostgreSQL gives; where there is none (SQLite, the driver itself) by the class."""
    state = getattr(error.__cause__, "sqlstate", None)
    if state:
        return str(state)[:2] in ABOUT_THE_DATA
    return isinstance(error, DataError | IntegrityError)
