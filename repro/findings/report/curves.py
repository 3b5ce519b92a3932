"""Learning curves: the headline metric while training goes on, as SVG paths."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.findings.report.axis import Axis, axis_of
from repro.findings.report.wording import Piece, pieces
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
    """All of them, by group, on common axes."""

    x: Axis
    y: Axis
    step: str
    seeds: int
    groups: dict[str, list[Curve]]


def curves_of(study: Study, curves: pd.DataFrame) -> Curves | None:
    """Return the named variants' learning curves, or None where the headline metric has none."""
    if study.metric not in curves:
        return None
    named = curves[curves["variant"].isin(list(study.variants))]
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
        curve = _curve(study, name, looks.index(name), quantiles.loc[name], x, y)
        groups.setdefault(study.variants[name].group, []).append(curve)
    seeds = int(named.groupby("variant")["seed"].nunique().max())
    return Curves(x, y, step, seeds, groups)


def _shown_first(study: Study, present: list[str]) -> list[str]:
    # those that are on at first have the first looks, so that no two of them share one
    return sorted(present, key=lambda name: name not in study.report.curves)


def _steps(steps: pd.Series) -> Axis:
    low, high = float(steps.min()), float(steps.max())
    return Axis(low, high, "log1p" if high > 100 * max(low, 1) else "linear")


def _curve(study: Study, name: str, order: int, of: pd.DataFrame, x: Axis, y: Axis) -> Curve:
    at = x.at(of.index.to_numpy(float))
    low, middle, high = (y.at(of[quantile]) for quantile in BAND)
    return Curve(
        key=f"{study.name}-{name}",
        label=pieces(study.variants[name].label),
        shown=not study.report.curves or name in study.report.curves,
        color=order % COLORS,
        dash=order // COLORS % DASHES,
        line=_path(at, middle),
        band=f"{_path(np.r_[at, at[::-1]], np.r_[low, high[::-1]])}Z",
    )


def _path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    points = zip(np.round(10 * x).astype(int), np.round(1000 - 10 * y).astype(int), strict=True)
    return "M" + "L".join(f"{a} {b}" for a, b in points)
