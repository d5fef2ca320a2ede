"""What a doctor finds: a list of sentences that say what is wrong, where, and how to mend it.

Safe in the middle of traffic: each check reads one moment, or leaves out what is only just happening.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum

import msgspec


class Level(IntEnum):
    """How bad it is; also the exit code."""

    FINE = 0
    WARNING = 1
    DAMAGE = 2


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it should be."""

    check: str
    level: Level
    where: str
    what: str
    mend: str

    def as_json(self) -> dict[str, str]:
        """For monitors."""
        return {
            "check": self.check,
            "level": self.level.name.lower(),
            "where": self.where,
            "what": self.what,
            "mend": self.mend,
        }

    def as_text(self) -> str:
        """For people."""
        return f"{self.level.name}  {self.check}: {self.where}: {self.what}\n    {self.mend}"


Check = Callable[[], Iterable[Finding]]


def examine(first: Check, local: Iterable[Check], stored: Iterable[Check]) -> list[Finding]:
    """All findings. Where `first` (is the database there?) finds something, the `stored` checks are left out."""
    found = attempt(first)
    for check in [*local, *([] if found else stored)]:
        found += attempt(check)
    return found


def attempt(check: Check) -> list[Finding]:
    """What a check finds; that it could not be done is a finding too."""
    try:
        return list(check())
    except Exception as error:  # noqa: BLE001  # a database, a disk, a bucket: the others are to be done all the same
        what = f"could not be looked at: {type(error).__name__}: {' '.join(str(error).split())}"
        mend = "mend what the sentence says, and ask again"
        return [Finding(check.__name__, Level.DAMAGE, "this host", what, mend)]


def verdict(found: Iterable[Finding]) -> Level:
    """The worst of it."""
    return max((finding.level for finding in found), default=Level.FINE)


def as_json(mended: Sequence[str], found: Sequence[Finding]) -> str:
    """One object for monitors."""
    findings = [finding.as_json() for finding in found]
    told = {"status": verdict(found).name.lower(), "mended": mended, "findings": findings}
    return json.dumps(told, indent=2)


def as_text(mended: Sequence[str], found: Sequence[Finding]) -> str:
    """Some lines for people."""
    return "\n".join([*mended, *(finding.as_text() for finding in found)] or ["all is well"])
