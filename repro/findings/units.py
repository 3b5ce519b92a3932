"""Units of metrics as readers see them: shares are in percent, their differences in points."""

from dataclasses import dataclass
from typing import SupportsFloat

from repro.findings.numbers import (
    ABSENT,
    DIGITS,
    digits_between,
    interval,
    interval_placeholder,
    number,
)
from repro.findings.wording import words
from repro.study.experiments import metric_kinds
from repro.study.models import Claim, Study


@dataclass(frozen=True)
class Unit:
    """A factor by which a number is written, and the name that follows it."""

    factor: float = 1.0
    name: str = ""

    def number(self, value: SupportsFloat, digits: int = DIGITS) -> str:
        """Return a number with its unit, or a dash for none."""
        text = self.bare(value, digits)
        return text if text == ABSENT else self._named(text)

    def bare(self, value: SupportsFloat, digits: int = DIGITS) -> str:
        """Return a number without its unit, which stands elsewhere."""
        return number(self.factor * float(value), digits)

    def interval(self, low: SupportsFloat, high: SupportsFloat, digits: int = DIGITS) -> str:
        """Return both limits with the unit, or the text in their place."""
        limits = interval(self.factor * float(low), self.factor * float(high), digits)
        return limits if interval_placeholder(low, high) else self._named(limits)

    def digits(self, low: SupportsFloat, high: SupportsFloat, digits: int = DIGITS) -> int:
        """Return the significant digits of such an interval, and of the number that it is of."""
        return digits_between(self.factor * float(low), self.factor * float(high), digits)

    def _named(self, text: str) -> str:
        return f"{text}\N{NO-BREAK SPACE}{self.name}" if self.name else text


def unit_of(study: Study, metric: str, *, difference: bool = False, share: bool = False) -> Unit:
    """Return the unit of a metric, of a difference in it, or of the share of runs with an event."""
    kind = metric_kinds(study.name)[metric]
    if kind == "difference":
        return Unit(100.0, "points")
    if share or kind in ("share", "flag"):
        return Unit(100.0, "points" if difference else "%")
    return Unit()


def unit_of_claim(study: Study, claim: Claim) -> Unit:
    """Return the unit of a claim's estimate and interval."""
    difference = claim.reference is not None or claim.published is not None
    return unit_of(study, claim.metric, difference=difference, share=claim.counts_runs)


def is_flag(study: Study, metric: str) -> bool:
    """Return True if a metric is 0 or 1 in each run, so that its mean is a share of runs."""
    return metric_kinds(study.name)[metric] == "flag"


def quantity(metric: str, event: str, *, difference: bool) -> str:
    """Return what an estimate is, in a few words."""
    name = f"share of runs with {words(metric)} {event}" if event else words(metric)
    return f"difference in {name}" if difference else name
