"""Which hosts there are, where the database is shared: export files in a folder of one are not seen by the others.

A host is its data folder's id. It is live when it was seen lately: its web server says so once a minute.
"""

import logging
import socket
import threading
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from exports import files
from exports.models import Host
from goatapi.env import host_id

SEEN = timedelta(minutes=3)
"""A host unseen for so long does not count: it is gone, and may be replaced by another."""

EVERY_SECONDS = 60.0

log = logging.getLogger("goatapi.exports")


def owner_prefix() -> str:
    """What the leases of this host's workers begin with."""
    return f"{_own_id()}/"


def shares_database() -> bool:
    """Whether there can be other hosts: SQLite is a file of this one."""
    return "postgresql" in str(settings.DATABASES["default"]["ENGINE"])


def enter() -> str:
    """Register this host; why it may not start, "" when it may.

    Registered first and asked then, so of two hosts that start at once at least one sees the other.
    """
    if not shares_database():
        return ""
    see()
    if reason := conflict():
        Host.objects.filter(host_id=_own_id()).delete()
    return reason


def see() -> None:
    """This host lives."""
    now = timezone.now()
    values = {
        "name": socket.gethostname(),
        "shared": settings.ENVIRONMENT.export_storage_shared,
        "seen_at": now,
    }
    Host.objects.update_or_create(host_id=_own_id(), defaults=values)
    Host.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()


def conflict() -> str:
    """Why this host's exports and those of the other live hosts would miss each other, "" if they would not."""
    others = Host.objects.filter(seen_at__gte=timezone.now() - SEEN).exclude(host_id=_own_id())
    if settings.ENVIRONMENT.export_storage_shared:
        others = others.filter(shared=False)
    other = others.order_by("seen_at").last()
    if other is None:
        return ""
    ago = int((timezone.now() - other.seen_at).total_seconds())
    return (
        f"another host, {other.name}, was seen on this database {ago} s ago, and export files in a data folder "
        "of one host can not be downloaded from another: set EXPORT_STORAGE_URL, on every host, to a folder that "
        "they share or to a bucket (a host that is gone counts for "
        f"{int(SEEN.total_seconds()) // 60} minutes)"
    )


class Presence:
    """A thread that says once a minute that this host lives, and drops copies of files nobody asks for."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def start(self) -> None:
        """Nothing to do for one host with its own folder."""
        if shares_database() or settings.ENVIRONMENT.export_storage_shared:
            threading.Thread(target=self._run, name="presence", daemon=True).start()

    def stop(self) -> None:
        """Soon."""
        self._stop.set()

    def _run(self) -> None:
        stopped = False
        while not stopped:
            try:
                turn()
            except Exception:
                log.exception("this host could not be registered, or its copies not be cleaned")
            finally:
                close_old_connections()
            stopped = self._stop.wait(EVERY_SECONDS)


def turn() -> None:
    """What is due once a minute."""
    if shares_database():
        see()
        if reason := conflict():
            log.error("%s", reason)
    files.clean()


def _own_id() -> str:
    return host_id(settings.ENVIRONMENT.data_dir)
