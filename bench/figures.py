"""Figures: what was measured, what it is compared with, and whether that reaches the goal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from statistics import linear_regression, median
from typing import Any

KEPT_OUT = 1 / 4
"""Of a slope: the first part of the samples, in which caches fill and pools grow."""


class Comparison(Enum):
    """What of a figure is held against its goal."""

    RATIO = "ours / other"
    DIFFERENCE = "ours - other"
    ALONE = "ours"


@dataclass(frozen=True, slots=True)
class Goal:
    """`at_most` or `at_least`, in the unit of what is compared."""

    at_most: float | None = None
    at_least: float | None = None

    def is_met(self, value: float) -> bool:
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}" if self.at_least is None else f"≥ {self.at_least:g}"


@dataclass(frozen=True)
class Figure:
    """One line of the table. `ours` and `other` hold one value a round, in `unit`; without `other`,
    ours is held against the goal alone."""

    section: str
    what: str
    unit: str
    ours: Sequence[float]
    other: Sequence[float] = ()
    goal: Goal | None = None
    comparison: Comparison = Comparison.RATIO
    note: str = field(default="", kw_only=True)

    @property
    def compared(self) -> list[float]:
        """Of each round."""
        if not self.other or self.comparison is Comparison.ALONE:
            return [*self.ours]
        pairs = zip(self.ours, self.other, strict=True)
        if self.comparison is Comparison.DIFFERENCE:
            return [ours - other for ours, other in pairs]
        return [ours / other for ours, other in pairs]

    @property
    def score(self) -> float:
        return median(self.compared)

    @property
    def spread(self) -> tuple[float, float]:
        """Of the rounds; of many, the middle eight tenths."""
        return percentile(self.compared, 0.1), percentile(self.compared, 0.9)

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.goal.is_met(self.score)

    def as_json(self) -> dict[str, Any]:
        return {
            "section": self.section,
            "what": self.what,
            "unit": self.unit,
            "ours": median(self.ours),
            "other": median(self.other) if self.other else None,
            "score": self.score,
            "spread": self.spread,
            "rounds": len(self.ours),
            "goal": None if self.goal is None else str(self.goal),
            "met": self.met,
            "note": self.note,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """Between the two nearest values, in proportion; `share` from 0 to 1."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line through (x, y), the first quarter left out."""
    settled = points[int(len(points) * KEPT_OUT) :]
    return linear_regression([x for x, _ in settled], [y for _, y in settled]).slope
