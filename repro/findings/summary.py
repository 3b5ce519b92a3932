"""A table of runs, summed up by variant."""

import numpy as np
import pandas as pd

from repro.findings.statistics import Sample, is_rate, mean_interval, named_generator, rate_interval
from repro.study.schema import Study


def named_runs(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the variants that have a name, without those of grids."""
    return table[table["variant"].isin(list(study.variants))]


def summarize(runs: pd.DataFrame, metric: str, *, seed: int = 0) -> pd.DataFrame:
    """Return one row a variant, in order of appearance, over all its runs, diverged ones included.

    Columns: `variant`, `n`, `mean`, `ci_low`, `ci_high` (95 %: BCa bootstrap of the mean, Wilson
    for a rate), `diverged` (the number of runs that did).

    Args:
        runs: columns `variant`, `status` and `metric`.
        metric: the column to summarize.
        seed: of the bootstrap's generators, the same as in the verdicts: the intervals agree.
    """
    rate = is_rate(runs[metric])
    rows = []
    for variant, variant_runs in runs.groupby("variant", sort=False):
        values = variant_runs[metric].to_numpy(float)
        generator = named_generator(seed, str(variant), metric, "interval")
        interval = rate_interval(values) if rate else mean_interval(values, generator=generator)
        rows.append(
            {
                "variant": variant,
                "n": len(values),
                "mean": _mean(values),
                "ci_low": interval.low,
                "ci_high": interval.high,
                "diverged": int((variant_runs["status"] == "diverged").sum()),
            }
        )
    return pd.DataFrame(rows)


def _mean(values: Sample) -> float:
    with np.errstate(over="ignore", invalid="ignore"):  # inf, or NaN, is the answer
        return float(values.mean())
