"""Rows of runs as SVG: where their dots, their middle and its bar lie along an axis."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.findings.drawings.rows import RunAxis
from repro.findings.report.axis import Axis, axis_of
from repro.findings.statistics import Sample
from repro.findings.summary import lost_runs

BINS = 120  # along the axis
LEVELS = 14  # across it, half to each side


@dataclass(frozen=True)
class Track:
    """The drawing of a variant's runs, in percent of the axis; None for what there is not."""

    dots: str
    middle_at: float | None
    low_at: float | None
    high_at: float | None
    n: int
    lost: str  # what became of runs that have no number

    @property
    def is_blank(self) -> bool:
        """True if no run has a number."""
        return self.middle_at is None


def track(axis: Axis, drawn: RunAxis, runs: pd.DataFrame) -> Track:
    """Return the track of a variant's runs; of yes and no without dots."""
    values = drawn.positions(runs[drawn.metric].to_numpy(float))
    middle, low, high = drawn.middle(runs)
    return Track(
        dots="" if drawn.statistic == "share" else sina(axis.positions(values)),
        middle_at=axis.position(middle),
        low_at=axis.position(low),
        high_at=axis.position(high),
        n=len(runs),
        lost=lost_runs(runs["status"]),
    )


def track_axis(drawn: RunAxis, runs: pd.DataFrame, others: Sample | list[float]) -> Axis:
    """Return the axis that holds all of these runs, and other values in the same unit."""
    if drawn.statistic == "share":
        return Axis(0, 100)
    values = drawn.positions(runs[drawn.metric].to_numpy(float))
    return axis_of([*values, *others], drawn.floor)


def sina(positions: NDArray[np.float64]) -> str:
    """Return an SVG path of dots (box 1000 x 100), one a run, spread across where runs are dense.

    Dots that would lie on one another are drawn once.

    Args:
        positions: (n,) where the runs lie along the axis, in percent.
    """
    if not positions.size:
        return ""
    bins = np.floor(positions * BINS / 100.001).astype(int)
    counts = np.bincount(bins, minlength=BINS)
    order = np.argsort(bins, kind="stable")
    rank = np.empty(len(bins), int)
    rank[order] = np.arange(len(bins)) - np.searchsorted(bins[order], bins[order])
    own = counts[bins]
    width = np.sqrt(own / max(counts.max(), 8))
    level = np.round(LEVELS / 2 * width * (2 * (rank + 0.5) / own - 1)).astype(int)
    dots = sorted(set(zip(np.round(positions * 5).astype(int) * 2, level, strict=True)))
    return "".join(f"M{x} {50 + y * 84 // LEVELS}h0" for x, y in dots)
