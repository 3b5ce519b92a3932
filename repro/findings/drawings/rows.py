"""A row of runs in a figure: a dot for each run and their middle, or the share of a flag."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from repro.findings.drawings.shared import (
    Floor,
    drawable,
    log_floor,
    make_logarithmic,
    metric_label,
    warn_of_blank,
)
from repro.findings.statistics import FEWEST, Sample
from repro.findings.summary import lost_runs, summarize
from repro.findings.units import is_flag, unit_of
from repro.study.models import Study

Statistic = Literal["share", "mean", "median"]  # that sums up a row of runs
INTERVAL = ", 95 % interval"
MIDDLES: dict[Statistic, str] = {
    "share": f"share of runs{INTERVAL}",
    "mean": f"mean{INTERVAL}",
    "median": "median, middle half of the runs",
}
JITTER = 0.18  # of a row's height
MANY = 100  # runs, from which dots are drawn as one picture
FAINTEST, CLEAREST = 0.08, 0.4  # dots: the more there are, the fainter each of them
INK = 40  # dots of full strength that a row's make together, unless there are very many
MIDDLE: dict[str, Any] = {"marker": "|", "color": "black", "markersize": 9, "markeredgewidth": 1.6}
NOTE: dict[str, Any] = {"va": "center", "fontsize": 7, "color": "0.35", "annotation_clip": False}


@dataclass(frozen=True)
class RunAxis:
    """The axis along which rows of runs are drawn: of shares, or logarithmic if it has a floor."""

    study: Study
    metric: str
    statistic: Statistic
    floor: Floor | None = None
    has_intervals: bool = True  # of any variant

    @property
    def summed_up(self) -> str:
        """Words for what sums up a row, as a legend has them."""
        middle = MIDDLES[self.statistic]
        return middle if self.has_intervals else middle.removesuffix(INTERVAL)

    @property
    def unit(self) -> float:
        """The factor by which a number is drawn: 100 where it is in percent."""
        return unit_of(self.study, self.metric).factor

    def positions(self, values: Sample) -> Sample:
        """Return where values are drawn; those that can't be are left out."""
        shown = self.floor.raised(values) if self.floor else self.unit * drawable(values)
        return shown[np.isfinite(shown)]

    def middle(self, runs: pd.DataFrame) -> tuple[float, float, float]:
        """Return a variant's middle and both ends of its bar, NaN where there is none."""
        if self.statistic == "median":
            values = self.positions(runs[self.metric].to_numpy(float))
            quartiles = [0.5, 0.25, 0.75]
            middle, low, high = np.quantile(values, quartiles) if len(values) else [np.nan] * 3
        else:
            row = summarize(self.study, runs, self.metric).iloc[0]
            limits = row[["mean", "ci_low", "ci_high"]].astype(float)
            middle, low, high = self.unit * drawable(limits)
        return float(middle), float(low), float(high)

    def set_up(self, axes: Axes) -> None:
        """Give axes their scale and label; to be called after the rows are drawn."""
        label = metric_label(self.study, self.metric)
        if self.statistic == "share":
            # not in a legend: the marks have several colours
            label += ", with 95 % interval" if self.has_intervals else ""
            axes.set_xlim(-3, 103)
        elif self.floor:
            make_logarithmic(axes, "x", self.floor)
        axes.set_xlabel(label)
        axes.grid(axis="x", color="0.9", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)


def run_axis(study: Study, runs: pd.DataFrame, metric: str = "") -> RunAxis:
    """Return the axis that suits a metric's kind, and its values in these runs."""
    metric = metric or study.metric
    intervals = bool((runs.groupby("variant")[metric].count() >= FEWEST).any())
    if is_flag(study, metric):
        return RunAxis(study, metric, "share", has_intervals=intervals)
    floor = log_floor(study, runs[metric]) if metric == study.metric else None
    return RunAxis(study, metric, "median" if floor else "mean", floor, has_intervals=intervals)


def draw_row(axes: Axes, row: float, runs: pd.DataFrame, *, axis: RunAxis, color: Any) -> None:
    """Draw a variant's runs as dots and their middle, or their share; without any, say why."""
    values = axis.positions(runs[axis.metric].to_numpy(float))
    if not len(values):
        _say_why_blank(axes, row, runs, axis)
        return
    if axis.statistic != "share":
        _draw_dots(axes, row, values, color)
    middle, *ends = axis.middle(runs)
    ink = {"color": color} if axis.statistic == "share" else {"color": "black"}
    if np.isfinite(middle):
        if np.isfinite(ends).all():
            axes.plot(ends, [row, row], linewidth=1.4, **ink)
        axes.plot(middle, row, **MIDDLE | ink)


def _draw_dots(axes: Axes, row: float, values: Sample, color: Any) -> None:
    many = len(values) > MANY
    axes.scatter(
        values,
        row + JITTER * np.sin(2.4 * np.arange(len(values))),  # the same figure every time
        s=9,
        color=color,
        alpha=min(CLEAREST, max(FAINTEST, INK / len(values))),
        linewidths=0,
        rasterized=many,
    )


def _say_why_blank(axes: Axes, row: float, runs: pd.DataFrame, axis: RunAxis) -> None:
    if runs[axis.metric].notna().any():  # such a variant does run, but no axis can show its values
        warn_of_blank(axis.study, runs["variant"].iloc[0], log=axis.floor is not None)
    write(axes, (0.02, row), lost_runs(runs["status"]) or "no number")


def write(axes: Axes, place: tuple[float, float], text: str, **style: Any) -> None:
    """Write at a place: across the axes in shares of their width, along them in rows."""
    axes.annotate(text, place, xycoords=axes.get_yaxis_transform(), **NOTE | style)


def middle_handles(axis: RunAxis) -> list[Line2D]:
    """Return what a legend says of the middle; nothing of shares, whose axis says it."""
    if axis.statistic == "share":
        return []
    width = 1.4 if axis.summed_up == MIDDLES[axis.statistic] else 0.0
    return [Line2D([], [], linewidth=width, label=axis.summed_up, **MIDDLE)]


def color_handle(statistic: Statistic, color: Any, label: str) -> Line2D:
    """Return what a legend says of a colour, as a mark of the kind that is drawn."""
    mark = MIDDLE if statistic == "share" else {"marker": "o", "linestyle": "", "markersize": 4}
    return Line2D([], [], label=label, **mark | {"color": color})
