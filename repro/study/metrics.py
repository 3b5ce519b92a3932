"""Kinds of metrics: their range, and whether they say yes or no.

A thread's `METRICS` gives each of its metrics one of these kinds. Intervals, tests, checks and
tables follow from it, never from the values that happen to be there.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple


class Range(NamedTuple):
    """The least and the greatest value that a metric can have, both included."""

    low: float
    high: float


RANGES: Mapping[str, Range] = {
    "share": Range(0.0, 1.0),
    "flag": Range(0.0, 1.0),  # nothing but 0 and 1
    "difference": Range(-1.0, 1.0),  # of two shares
    "nonnegative": Range(0.0, math.inf),
    "count": Range(0.0, math.inf),
    "number": Range(-math.inf, math.inf),
}
SLACK = 1e-3  # beyond the end of a range: a share of a few images, of two shares in float32
DIVERGED = "diverged"  # a flag that every study has: the run's status says so
SHARE_OF_RUNS = "share of runs"  # the estimand of a claim that counts runs
