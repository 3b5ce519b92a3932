"""Learning curves: the headline metric while training goes on, as SVG paths."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.findings.drawings.curves import MEDIAN, QUANTILES, chosen_curves, curve_dashes
from repro.findings.drawings.shared import drawable, log_floor, spread
from repro.findings.report.axis import Axis, axis_of
from repro.findings.report.prose import Piece, pieces
from repro.findings.summary import named_runs
from repro.findings.units import unit_of
from repro.study.models import Study

DASHES = 4
GAP = 5.0  # percent of the axis between the names of two lines


@dataclass(frozen=True)
class Curve:
    """A variant's median and band in a box of 1000 x 1000, and where its name stands (percent)."""

    key: str
    label: list[Piece]
    shown: bool
    dash: int
    line: str
    band: str
    end: tuple[float, float]
    name_at: float | None


@dataclass(frozen=True)
class Curves:
    """All curves, by group, on common axes."""

    x: Axis
    y: Axis
    unit: str
    step: str
    seeds: int
    groups: dict[str, list[Curve]]


def curves_of(study: Study, curves: pd.DataFrame) -> Curves | None:
    """Return the named variants' learning curves, or None where the headline metric has none."""
    if study.metric not in curves or curves.empty:
        return None
    named = named_runs(study, curves).astype({study.metric: float})  # truth values too
    step = "epoch" if "epoch" in curves else "step"
    quantiles = (
        named.groupby(["variant", step], sort=False)[study.metric].quantile(QUANTILES).unstack()
    )
    # not where seeds diverged, or nearly
    quantiles = quantiles[np.isfinite(drawable(quantiles)).all(axis=1)]
    quantiles *= unit_of(study, study.metric).factor
    named = named[named["variant"].isin(quantiles.index.get_level_values("variant"))]
    if named.empty:
        return None
    axes = (_steps(named[step]), axis_of(quantiles, log_floor(study, quantiles)))
    return Curves(
        *axes,
        unit=unit_of(study, study.metric).name,
        step=step,
        seeds=int(named.groupby("variant")["seed"].nunique().max()),
        groups=_groups(study, named, quantiles, axes),
    )


def _groups(
    study: Study, named: pd.DataFrame, quantiles: pd.DataFrame, axes: tuple[Axis, Axis]
) -> dict[str, list[Curve]]:
    """Return the curves by group, in the study's order."""
    chosen = chosen_curves(study, named)
    present = list(named["variant"].unique())
    # those that are on at first have the first looks, so that no two of them share one
    dashes = curve_dashes(study, sorted(present, key=lambda name: name not in chosen))
    ends = {name: _end(quantiles.loc[name], axes) for name in present}
    names_at = _names_at({name: ends[name][1] for name in chosen})
    groups: dict[str, list[Curve]] = {}
    for name in (name for name in study.variants if name in dashes):
        line, band = _paths(quantiles.loc[name], axes)
        curve = Curve(
            key=f"{study.name}-{name}",
            label=pieces(study.variants[name].label),
            shown=name in chosen,
            dash=dashes[name] % DASHES,
            line=line,
            band=band,
            end=ends[name],
            name_at=names_at.get(name),
        )
        groups.setdefault(study.variants[name].group, []).append(curve)
    return groups


def _end(quantiles: pd.DataFrame, axes: tuple[Axis, Axis]) -> tuple[float, float]:
    """Return where a median ends, in percent from the left and from below."""
    x, y = axes
    return float(x.positions(quantiles.index[-1])), float(y.positions(quantiles[MEDIAN].iloc[-1]))


def _names_at(heights: dict[str, float]) -> dict[str, float]:
    names = sorted(heights, key=lambda name: heights[name])
    return dict(zip(names, spread([heights[n] for n in names], GAP, low=1, high=99), strict=True))


def _steps(steps: pd.Series) -> Axis:
    low, high = float(steps.min()), float(steps.max())
    return Axis(low, high, "log1p" if high > 100 * max(low, 1) else "linear")


def _paths(quantiles: pd.DataFrame, axes: tuple[Axis, Axis]) -> tuple[str, str]:
    """Return the SVG paths of a median and of its band."""
    x, y = axes
    steps = x.positions(quantiles.index.to_numpy(float))
    low, middle, high = (y.positions(quantiles[quantile]) for quantile in QUANTILES)
    return _path(steps, middle), f"{_path(np.r_[steps, steps[::-1]], np.r_[low, high[::-1]])}Z"


def _path(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    points = zip(np.round(10 * x).astype(int), np.round(1000 - 10 * y).astype(int), strict=True)
    return "M" + "L".join(f"{a} {b}" for a, b in points)
