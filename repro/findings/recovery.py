"""Recovery: the share of a gap that a fix closes."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy  # its parts are imported when they are first used: it takes a second
from numpy.typing import ArrayLike

from repro.findings.statistics import LEVEL, UNKNOWN, Interval, mean
from repro.study.models import Gap


def recovered(runs: pd.DataFrame, gap: Gap, metric: str) -> pd.DataFrame:
    """Return the share of the gap failing -> reference that each fix closes, one row a fix.

    0 is the failing variant's mean, 1 the reference's; above 1 a fix does better than the
    reference, below 0 worse than what it should mend. All means are over the seeds that the three
    have in common, diverged runs included.

    Columns: `variant`, `n`, `share`, `ci_low`, `ci_high` (95 %, Fieller). What can't be computed,
    since a run has no finite metric or the gap may be none, is NaN.

    Args:
        runs: a study's `runs.csv`.
        gap: what is compared.
        metric: the column whose means are compared.
    """
    named = runs[runs["variant"].isin([gap.failing, gap.reference, *gap.fixes])]
    by_seed = named.pivot(index="seed", columns="variant", values=metric).astype(float)
    rows = []
    for fix in gap.fixes:
        values = by_seed.loc[_common_seeds(runs, [gap.failing, gap.reference, fix])]
        closed, whole = (values[name] - values[gap.failing] for name in (fix, gap.reference))
        share, interval = ratio_of_means(closed, whole)
        rows.append(
            {
                "variant": fix,
                "n": len(values),
                "share": share,
                "ci_low": interval.low,
                "ci_high": interval.high,
            }
        )
    return pd.DataFrame(rows)


def _common_seeds(runs: pd.DataFrame, variants: Sequence[str]) -> list[int]:
    """Return the seeds that all of these variants were run with, whatever became of the runs."""
    seeds = [set(runs.loc[runs["variant"] == name, "seed"]) for name in variants]
    return sorted(set.intersection(*seeds))


def ratio_of_means(
    numerator: ArrayLike, denominator: ArrayLike, *, level: float = LEVEL
) -> tuple[float, Interval]:
    """Return mean(numerator) / mean(denominator), paired (n,), and its interval (Fieller 1954).

    The interval holds every ratio r for which a t test of numerator - r * denominator does not
    reject 0. It is exact for normal values and asymptotic in n for others. Ratio and interval are
    NaN where a value is not finite, and the interval is where the denominator's mean is not told
    from 0 or n < 2: it would be unbounded.
    """
    pair = np.array([numerator, denominator], float)
    if pair.size == 0 or not np.isfinite(pair).all() or (bottom := mean(pair[1])) == 0:
        return math.nan, UNKNOWN
    top = mean(pair[0])
    n = pair.shape[1]
    if n < 2:
        return top / bottom, UNKNOWN
    quantile = scipy.stats.t.isf((1 - level) / 2, n - 1)
    # the roots of a r^2 - 2 b r + c, which is (mean(top - r bottom))^2 - quantile^2 variance
    (c, b), (_, a) = np.outer([top, bottom], [top, bottom]) - quantile**2 * np.cov(pair) / n
    if a <= 0:
        return top / bottom, UNKNOWN
    half = math.sqrt(max(0.0, b * b - a * c))
    low, high = (b - half) / a, (b + half) / a
    return top / bottom, Interval(min(low, top / bottom), max(high, top / bottom))
