"""What a table of runs says of each variant."""

import pandas as pd

from repro.findings.statistics import is_rate, mean_interval, named_generator, rate_interval


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
    for variant, of in runs.groupby("variant", sort=False):
        values = of[metric].to_numpy(float)
        generator = named_generator(seed, str(variant), metric, "interval")
        interval = rate_interval(values) if rate else mean_interval(values, generator=generator)
        rows.append(
            {
                "variant": variant,
                "n": len(of),
                "mean": values.mean(),
                "ci_low": interval.low,
                "ci_high": interval.high,
                "diverged": int((of.status == "diverged").sum()),
            }
        )
    return pd.DataFrame(rows)
