"""The values that a claim looks at: of its variant's runs, and of what these are compared with."""

import math
from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from repro.findings.published import published_share
from repro.findings.statistics import Sample
from repro.study.metrics import DIVERGED
from repro.study.models import Claim

Arms = Mapping[Hashable, pd.DataFrame]  # each variant's runs, seeds ascending


def arms_of(runs: pd.DataFrame) -> Arms:
    """Return each variant's runs, seeds ascending."""
    return {variant: arm.sort_values("seed") for variant, arm in runs.groupby("variant")}


def compared(arms: Arms, name: str, claim: Claim) -> tuple[pd.Series, pd.Series | float]:
    """Return the variant's values by seed, and the reference's or the number compared with.

    They are what the claim looks at: a metric, or 1 and 0 for the runs that it counts or does not.

    Raises:
        ValueError: a variant without runs, a metric that doesn't exist, a seed twice, a pair
            without a common seed; the message names claim and culprit.
    """
    variant = _by_seed(arms, name, claim, claim.variant)
    if claim.published is not None:
        return variant, published_share(claim.published)
    if claim.reference is None:
        return variant, claim.bound if claim.target is None else claim.target
    reference = _by_seed(arms, name, claim, claim.reference)
    shared = variant.index.intersection(reference.index)
    if shared.empty and not (variant.empty or reference.empty):
        raise ValueError(f"claim {name!r}: its variants have no seed in common")
    return variant[shared], reference[shared]


def _by_seed(arms: Arms, name: str, claim: Claim, variant: str) -> pd.Series:
    """Return what the claim looks at in one variant's runs, indexed by ascending seed."""
    if variant not in arms:
        raise ValueError(f"claim {name!r}: there are no runs of variant {variant!r}")
    rows = arms[variant]
    if (twice := rows["seed"].duplicated()).any():
        seed = rows.loc[twice, "seed"].iloc[0]
        raise ValueError(f"claim {name!r}: variant {variant!r} has two runs of seed {seed}")
    if claim.metric != DIVERGED and claim.metric not in rows.columns:
        raise ValueError(f"claim {name!r}: the runs have no metric {claim.metric!r}")
    fresh = rows[~rows["seed"].isin(claim.seen_seeds)]
    return pd.Series(_observed(fresh, claim), index=fresh["seed"], dtype=float)


def _observed(rows: pd.DataFrame, claim: Claim) -> Sample:
    """Return the metric of each run, or whether it is an event; NaN where a run has none."""
    values = metric_values(rows, claim.metric)
    if claim.share_above is not None:
        events = values > claim.share_above
    elif claim.share_below is not None:
        events = values < claim.share_below
    else:
        return values
    return np.where(np.isnan(values), math.nan, events)


def metric_values(rows: pd.DataFrame, metric: str) -> Sample:
    """Return a metric of runs (n,) as floats; `diverged` is what their status says."""
    if metric != DIVERGED:
        # whatever pandas has made of gaps and truth values
        return rows[metric].to_numpy(float, na_value=math.nan)
    return np.where(rows["status"] == "crashed", math.nan, rows["status"] == DIVERGED)
