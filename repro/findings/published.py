"""Compare our share of runs with a published one: two independent samples.

The interval of the difference is Newcombe's (1998, method 10), made from Wilson's intervals of both
shares. Its p-values are those levels at which it just reaches the bound, so that interval and
p-value can't contradict each other.
"""

import math

import numpy as np
import scipy  # its parts are imported when they are first used: it takes a second
from numpy.typing import ArrayLike

from repro.findings.statistics import LEVEL, UNKNOWN, UNTESTED, Interval, PValues

FURTHEST = 37.0  # standard deviations; the normal tail beyond is below the least number

Counts = tuple[int, int]  # how many, of how many


def share_difference_interval(
    sample: ArrayLike, published: Counts, *, level: float = LEVEL
) -> Interval:
    """Return the interval of the mean of `sample` (n,), 0s and 1s, less the published share."""
    counts = _counts(sample)
    if counts is None:
        return UNKNOWN
    return _newcombe(counts, published, float(scipy.stats.norm.isf((1 - level) / 2)))


def share_difference_test(sample: ArrayLike, bound: float, *, published: Counts) -> PValues:
    """Test the mean of `sample` (n,), 0s and 1s, less the published share against `bound`."""
    counts = _counts(sample)
    if counts is None:
        return UNTESTED
    excess = counts[0] / counts[1] - published[0] / published[1] - bound
    above = float(scipy.stats.norm.sf(math.copysign(_reach(counts, published, bound), excess)))
    return PValues(above=above, below=1 - above)


def published_share(published: Counts) -> float:
    """Return the share that was published."""
    return published[0] / published[1]


def _counts(sample: ArrayLike) -> Counts | None:
    values = np.asarray(sample, float)
    return None if np.isnan(values).any() else (int(values.sum()), values.size)


def _newcombe(ours: Counts, published: Counts, z: float) -> Interval:
    (share, low, high), (other, other_low, other_high) = (
        (successes / n, *_wilson(successes, n, z)) for successes, n in (ours, published)
    )
    difference = share - other
    return Interval(
        difference - math.hypot(share - low, other_high - other),
        difference + math.hypot(high - share, other - other_low),
    )


def _wilson(successes: int, n: int, z: float) -> Interval:
    share, scale = successes / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Interval(middle - half, middle + half)


def _reach(ours: Counts, published: Counts, bound: float) -> float:
    """Return the standard deviations by which the interval just reaches `bound`."""

    def room_left(z: float) -> float:
        low, high = _newcombe(ours, published, z)
        return min(bound - low, high - bound)

    if room_left(FURTHEST) < 0:
        return FURTHEST
    if room_left(0.0) >= 0:
        return 0.0
    return float(scipy.optimize.brentq(room_left, 0.0, FURTHEST))
