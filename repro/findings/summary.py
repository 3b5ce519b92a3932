"""A table of runs, summed up by variant."""

import numpy as np
import pandas as pd

from repro.findings.arms import metric_values
from repro.findings.statistics import (
    FEWEST,
    UNKNOWN,
    Interval,
    Sample,
    mean_interval,
    plain_mean,
    rate_interval,
)
from repro.study.experiments import metric_kinds
from repro.study.metrics import RANGES
from repro.study.models import Study

EXTREMES = "least … greatest", ["least", "greatest"]
INTERVAL = "95 % interval", ["ci_low", "ci_high"]


def named_runs(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the variants that have a name, without those of grids."""
    return table[table["variant"].isin(list(study.variants))]


def summarize(study: Study, runs: pd.DataFrame, metric: str = "") -> pd.DataFrame:
    """Return one row a variant, in order of appearance, over its runs that have the metric.

    A run that diverged or crashed may have none. Columns: `variant`, `n` (runs that have it),
    `mean`, `ci_low`, `ci_high` (95 %: of the mean, Wilson's for a flag; NaN of fewer than `FEWEST`
    runs), `least`, `greatest`, `runs` (all of them), `diverged` and `crashed` (those that did).

    Args:
        study: whose runs they are.
        runs: columns `variant`, `status` and `metric`.
        metric: the column to summarize; the study's own if empty.
    """
    metric = metric or study.metric
    kind = metric_kinds(study.name)[metric]
    rows = []
    for variant, variant_runs in runs.groupby("variant", sort=False):
        values = metric_values(variant_runs, metric)
        values = values[~np.isnan(values)]
        interval = _interval(values, kind)
        rows.append(
            {
                "variant": variant,
                "n": len(values),
                "mean": plain_mean(values),
                "ci_low": interval.low,
                "ci_high": interval.high,
                "least": values.min(initial=np.inf) if values.size else np.nan,
                "greatest": values.max(initial=-np.inf) if values.size else np.nan,
                "runs": len(variant_runs),
                "diverged": int((variant_runs["status"] == "diverged").sum()),
                "crashed": int((variant_runs["status"] == "crashed").sum()),
            }
        )
    return pd.DataFrame(rows)


def spread_of(summary: pd.DataFrame) -> tuple[str, list[str]]:
    """Return what is shown beside the means, and its columns: intervals, or few seeds' extremes."""
    return INTERVAL if summary["n"].max() >= FEWEST else EXTREMES


def lost_runs(status: pd.Series) -> str:
    """Return how many runs diverged or crashed, in words; nothing if none did."""
    counts = status[status != "ok"].value_counts(sort=False)
    whole = "all " if len(counts) == 1 and counts.iloc[0] == len(status) else ""
    return ", ".join(f"{whole}{count:,} {end}" for end, count in counts.items())


def _interval(values: Sample, kind: str) -> Interval:
    if values.size < FEWEST:
        return UNKNOWN
    if kind == "flag":
        return rate_interval(values)
    return mean_interval(values, metric_range=RANGES[kind])
