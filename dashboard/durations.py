"""Lengths of time and rates in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"))


def rate(requests: int, seconds: int) -> str:
    """As `60 requests in 2 minutes`."""
    many = ngettext("%(n)s request", "%(n)s requests", requests) % {"n": f"{requests}"}
    return _("%(requests)s in %(time)s") % {"requests": many, "time": length(seconds)}


def length(seconds: int) -> str:
    """In the largest unit that leaves no rest, as `2 minutes`."""
    for size, unit in UNITS:
        if seconds % size == 0:
            return _of(unit, seconds // size)
    return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}


def _of(unit: str, n: int) -> str:
    texts = {
        "day": ngettext("%(n)d day", "%(n)d days", n),
        "hour": ngettext("%(n)d hour", "%(n)d hours", n),
        "minute": ngettext("%(n)d minute", "%(n)d minutes", n),
    }
    return texts[unit] % {"n": n}
