"""Learning curves: the headline metric while training goes on, as SVG paths."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.findings.report.axis import Axis, axis_of
from repro.findings.report.prose import Piece, pieces
from repro.findings.summary import named_runs
from repro.study.schema import Study

BAND = (0.1, 0.5, 0.9)  # quantiles over seeds: the middle 80 % and the median
COLORS, DASHES = 7, 4


@dataclass(frozen=True)
class Curve:
    """A variant's median and band, in a box of 1000 x 1000."""

    key: str
    label: list[Piece]
    shown: bool
    color: int
    dash: int
    line: str
    band: str


@dataclass(frozen=True)
class Curves:
    """All curves, by group, on common axes."""

    x: Axis
    y: Axis
    step: str
    seeds: int
    groups: dict[str, list[Curve]]


def curves_of(study: Study, curves: pd.DataFrame) -> Curves | None:
    """Return the named variants' learning curves, or None where the headline metric has none."""
    if study.metric not in curves:
        return None
    named = named_runs(study, curves)
    step = "epoch" if "epoch" in curves else "step"
    quantiles = named.groupby(["variant", step], sort=False)[study.metric].quantile(BAND).unstack()
    quantiles = quantiles[np.isfinite(quantiles).all(axis="columns")]  # not where seeds diverged
    named = named[named["variant"].isin(quantiles.index.get_level_values("variant"))]
    if named.empty:
        return None
    x, y = _steps(named[step]), axis_of(quantiles, log=study.log_scale)
    groups: dict[str, list[Curve]] = {}
    looks = _shown_first(study, list(named["variant"].unique()))
    for name in filter(looks.__contains__, study.variants):
        curve = _curve(study, name, quantiles.loc[name], axes=(x, y), look=looks.index(name))
        groups.setdefault(study.variants[name].group, []).append(curve)
    seeds = int(named.groupby("variant")["seed"].nunique().max())
    return Curves(x, y, step=step, seeds=seeds, groups=groups)


def _shown_first(study: Study, present: list[str]) -> list[str]:
    # those that are on at first have the first looks, so that no two of them share one
    return sorted(present, key=lambda name: name not in study.report.curves)


def _steps(steps: pd.Series) -> Axis:
    low, high = float(steps.min()), float(steps.max())
    return Axis(low, high, "log1p" if high > 100 * max(low, 1) else "linear")


def _curve(
    study: Study, name: str, quantiles: pd.DataFrame, *, axes: tuple[Axis, Axis], look: int
) -> Curve:
    x, y = axes
    steps = x.positions(quantiles.index.to_numpy(float))
    low, middle, high = (y.positions(quantiles[quantile]) for quantile in BAND)
    return Curve(
        key=f"{study.name}-{name}",
        label=pieces(study.variants[name].label),
        shown=not study.report.curves or name in study.report.curves,
        color=look % COLORS,
        dash=look // COLORS % DASHES,
        line=_path(steps, middle),
        band=f"{_path(np.r_[steps, steps[::-1]], np.r_[low, high[::-1]])}Z",
    )


def _path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    points = zip(np.round(10 * x).astype(int), np.round(1000 - 10 * y).astype(int), strict=True)
    return "M" + "L".join(f"{a} {b}" for a, b in points)
