"""The definition of a symptom, and from which number on it is there."""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "≥": operator.ge,
    "<": operator.lt,
    "≤": operator.le,
}


@dataclass(frozen=True)
class Criterion:
    """A comparison with a threshold, such as "> 0.5"."""

    comparison: str
    threshold: float

    def is_met(self, value: float) -> bool:
        """Compare a measured number with the threshold; NaN meets nothing."""
        return bool(COMPARISONS[self.comparison](value, self.threshold))

    def __str__(self) -> str:
        return f"{self.comparison} {self.threshold:g}"


def above(threshold: float) -> Criterion:
    """Return the criterion "more than the threshold"."""
    return Criterion(">", threshold)


def below(threshold: float) -> Criterion:
    """Return the criterion "less than the threshold"."""
    return Criterion("<", threshold)


def at_least(threshold: float) -> Criterion:
    """Return the criterion "the threshold or more"."""
    return Criterion("≥", threshold)


def at_most(threshold: float) -> Criterion:
    """Return the criterion "the threshold or less"."""
    return Criterion("≤", threshold)


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A symptom: its title, what is measured, which numbers count, and who says so.

    `counts` is None where nothing is measured: then the symptom is a fact of the code or the data.
    Beyond `certain_above`, what is measured is no suspicion any more, and its cause a fact.
    """

    title: str
    measured: str
    counts: Criterion | None = None
    source: str
    certain_above: float = math.inf

    @property
    def threshold(self) -> float | None:
        """The number that the measured one is compared with; None if there is none."""
        return self.counts.threshold if self.counts else None

    def is_met(self, value: float) -> bool:
        """Tell whether a measured number counts as this symptom."""
        return self.counts is None or self.counts.is_met(value)
