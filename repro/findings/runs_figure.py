"""The figure of all runs: a row a variant."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from repro.findings.drawing import (
    PALETTE,
    drawable,
    is_logarithmic,
    metric_label,
    present_variants,
    shows_any,
    warn_of_blank,
)
from repro.findings.media import SCREEN, Medium
from repro.findings.summary import summarize
from repro.study.schema import Study

JITTER = 0.18  # of a row's height
MANY = 100  # runs, from which dots are fainter, and drawn as one picture

QUOTED: dict[str, Any] = {  # the look of the thread's numbers
    "linestyle": "",
    "marker": "D",
    "markersize": 5,
    "markerfacecolor": "white",
    "markeredgecolor": "black",
}


def draw_runs(study: Study, runs: pd.DataFrame, medium: Medium = SCREEN) -> Figure:
    """Draw every run as a point, each variant's mean and 95 % interval, the thread's numbers."""
    present = present_variants(study, runs)
    log = is_logarithmic(study, runs[study.metric])
    summary = summarize(study, runs).set_index("variant")
    height = min(0.9 + medium.row * len(present), medium.tallest)
    figure = Figure(figsize=(medium.width, height), layout="constrained")
    axes = figure.subplots()
    for row, (name, variant) in enumerate(present.items()):
        values = runs.loc[runs["variant"] == name, study.metric].to_numpy(float)
        # a variant without any number does not run at all: its empty row is no surprise
        if not shows_any(values, log=log) and not np.isnan(values).all():
            warn_of_blank(study, name, log=log)
        _draw_row(axes, row, drawable(values), PALETTE[variant.group])
        _draw_mean(axes, row, summary.loc[name])
        for quoted in variant.quotes:
            axes.plot(quoted, row, **QUOTED)
    axes.set_yticks(range(len(present)), [medium.text(v.label) for v in present.values()])
    axes.set_ylim(len(present) - 0.4, -0.6)
    if log:
        axes.set_xscale("log")
    axes.set_xlabel(metric_label(study))
    axes.grid(axis="x", color="0.9", linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    _draw_legend(figure, list(dict.fromkeys(v.group for v in present.values())), study, medium)
    return figure


def _draw_row(axes: Axes, row: int, values: NDArray[np.float64], color: Any) -> None:
    values = values[np.isfinite(values)]
    # a fixed spread, not a random one: the same figure every time
    spread = JITTER * np.sin(2.4 * np.arange(len(values)))
    many = len(values) > MANY
    axes.scatter(
        values,
        row + spread,
        s=9,
        color=color,
        alpha=0.08 if many else 0.35,
        linewidths=0,
        rasterized=many,
    )


def _draw_mean(axes: Axes, row: int, summary: pd.Series) -> None:
    mean, *limits = drawable(summary[["mean", "ci_low", "ci_high"]])
    if np.isfinite(mean):
        axes.plot(limits, [row, row], color="black", linewidth=1.4)
        axes.plot(mean, row, "|", color="black", markersize=9, markeredgewidth=1.6)


def _draw_legend(figure: Figure, groups: list[str], study: Study, medium: Medium) -> None:
    spacing: dict[str, Any] = {"borderaxespad": 0.2, "handletextpad": 0.4, "columnspacing": 1.2}
    if not medium.titled:
        handles = _handles(groups)
        figure.legend(handles=handles, loc="outside upper left", ncols=3, **spacing)
        return
    (axes,) = figure.axes
    axes.set_title(medium.text(study.title), loc="left", pad=34 if len(groups) > 2 else 22)
    axes.legend(
        handles=_handles(groups),
        loc="lower left",
        bbox_to_anchor=(-0.45, 1.0),
        ncols=4,
        **spacing,
    )


def _handles(groups: list[str]) -> list[Line2D]:
    dots = [
        Line2D([], [], marker="o", linestyle="", markersize=4, color=PALETTE[group], label=group)
        for group in groups
    ]
    mean = Line2D([], [], color="black", marker="|", markersize=8, label="mean, 95 % interval")
    quoted = Line2D([], [], label="the thread's number", **QUOTED)
    return [*dots, mean, quoted]
