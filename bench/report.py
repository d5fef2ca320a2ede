"""Figures and how they are shown: medians with their spread, ratios, targets."""

import json
import statistics
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """At least, or at most, `limit` - times the figure of `against`, if it names a side."""

    limit: float
    at_least: bool
    against: str = ""

    def __str__(self) -> str:
        times = f" × {self.against}" if self.against else ""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{times}"

    def verdict(self, value: float, beside: float | None) -> str:
        """'met', 'MISSED', or '' where there is nothing to compare with."""
        if self.against and not beside:
            return ""
        share = value / beside if beside else value
        return (
            "met" if (share >= self.limit if self.at_least else share <= self.limit) else "MISSED"
        )


def at_least(limit: float, against: str = "") -> Target:
    """The more the better."""
    return Target(limit, True, against)


def at_most(limit: float, against: str = "") -> Target:
    """The less the better."""
    return Target(limit, False, against)


Place = tuple[str, str, str]  # section, case, figure


class Report:
    """Collects values by section, case, figure and side."""

    def __init__(self) -> None:
        self._values: dict[Place, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._targets: dict[tuple[Place, str], Target] = {}

    def add(
        self,
        section: str,
        case: str,
        side: str,
        target: Target | tuple[str, Target] | None = None,
        **figures: float,
    ) -> None:
        """Values of one run, such as `requests_per_s=…`; the target is that of the first figure."""
        for figure, value in figures.items():
            place = (section, case, figure)
            self._values[place][side].append(value)
            if isinstance(target, Target):
                self._targets[place, side] = target
                target = None

    def rows(self) -> list[dict[str, Any]]:
        """One for each figure of each side, with the ratio to the peer and the target's verdict."""
        return [
            self._row(place, side, values)
            for place, sides in self._values.items()
            for side, values in sides.items()
        ]

    def as_json(self, machine: dict[str, str]) -> str:
        """All of it for a program."""
        return json.dumps({"machine": machine, "figures": self.rows()}, indent=1)

    def as_table(self, machine: dict[str, str]) -> str:
        """All of it for a reader, as a table in Markdown."""
        lines = [f"{name}: {text}" for name, text in machine.items()]
        lines += ["", "| section | case | figure | side | median | spread | × peer | target | |"]
        lines += ["|---|---|---|---|--:|---|--:|---|---|"]
        for row in self.rows():
            spread = f"{_short(row['low'])}–{_short(row['high'])}" if row["runs"] > 1 else ""
            ratio = f"{row['ratio']:.2f}" if row["ratio"] else ""
            cells = [row["section"], row["case"], row["figure"].replace("_", " "), row["side"]]
            cells += [_short(row["median"]), spread, ratio, row["target"], row["verdict"]]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    def _row(self, place: Place, side: str, values: list[float]) -> dict[str, Any]:
        median = statistics.median(values)
        peer = self._median(place, "peer") if side != "peer" else None
        target = self._targets.get((place, side))
        beside = self._median(place, target.against) if target and target.against else None
        return {
            **dict(zip(("section", "case", "figure"), place, strict=True)),
            "side": side,
            "median": median,
            "low": min(values),
            "high": max(values),
            "runs": len(values),
            "ratio": median / peer if peer else None,
            "target": str(target) if target else "",
            "verdict": target.verdict(median, beside) if target else "",
            "limit": asdict(target) if target else None,
        }

    def _median(self, place: Place, side: str) -> float | None:
        values = self._values[place].get(side)
        return statistics.median(values) if values else None


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
