"""The figure of all runs: a row a variant, in groups, the best of each group first."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repro.findings.drawings.rows import (
    RunAxis,
    draw_row,
    middle_handles,
    run_axis,
    write,
)
from repro.findings.drawings.shared import PALETTE, present_variants
from repro.findings.media import SCREEN, Medium
from repro.findings.summary import lost_runs, named_runs
from repro.study.models import Study

QUOTED: dict[str, Any] = {  # the look of the thread's numbers
    "linestyle": "",
    "marker": "D",
    "markersize": 5,
    "markerfacecolor": "white",
    "markeredgecolor": "black",
}


def draw_runs(study: Study, runs: pd.DataFrame, medium: Medium = SCREEN) -> Figure:
    """Draw every run as a point with each variant's middle, or shares, and the thread's numbers."""
    runs = named_runs(study, runs)
    axis = run_axis(study, runs)
    rows = ordered_rows(axis, runs)
    height = min(0.9 + medium.row * len(rows), medium.tallest)
    figure = Figure(figsize=(medium.width, height), layout="constrained")
    axes = figure.subplots()
    for row, name in enumerate(rows):
        if name in study.variants:
            variant_runs = runs[runs["variant"] == name]
            draw_row(axes, row, variant_runs, axis=axis, color=PALETTE[study.variants[name].group])
            _draw_quoted(axes, row, study.variants[name].quotes, unit=axis.unit)
            _count_runs(axes, row, variant_runs)
    _label_rows(axes, study, rows, medium)
    axis.set_up(axes)
    _draw_legend(figure, study, rows, axis)
    axes.set_title(medium.title(study.title), loc="left")
    return figure


def ordered_rows(axis: RunAxis, runs: pd.DataFrame) -> list[str]:
    """Return each group's name and then its variants, best first; those without a number last."""
    study = axis.study
    present = present_variants(study, runs)
    middles = {name: axis.middle(runs[runs["variant"] == name])[0] for name in present}
    best_first = sorted(present, key=lambda name: _rank(middles[name], study))
    rows = []
    for group in PALETTE:
        members = [name for name in best_first if present[name].group == group]
        rows += [group, *members] if members else []
    return rows


def _rank(middle: float, study: Study) -> tuple[bool, float]:
    return math.isnan(middle), -middle if study.better == "higher" else middle


def _draw_quoted(axes: Axes, row: float, quotes: Sequence[float], *, unit: float) -> None:
    for quoted in quotes:
        axes.plot(unit * quoted, row, **QUOTED)


def _count_runs(axes: Axes, row: float, runs: pd.DataFrame) -> None:
    lost = lost_runs(runs["status"])
    others = "" if lost.startswith("all ") else lost  # the row itself says that of all
    write(axes, (1.015, row), ", ".join(filter(None, [f"{len(runs):,}", others])))


def _label_rows(axes: Axes, study: Study, rows: Sequence[str], medium: Medium) -> None:
    labels = [study.variants[row].label if row in study.variants else row for row in rows]
    axes.set_yticks(range(len(rows)), [medium.text(label) for label in labels])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    for row, label in zip(rows, axes.get_yticklabels(), strict=True):
        if row in PALETTE:
            label.set(color=PALETTE[row], fontweight="bold")
    write(axes, (1.015, -0.6), "runs")


def _draw_legend(figure: Figure, study: Study, rows: Sequence[str], axis: RunAxis) -> None:
    handles = middle_handles(axis)
    if any(study.variants[row].quotes for row in rows if row in study.variants):
        handles.append(Line2D([], [], label="the thread's number", **QUOTED))
    if handles:
        figure.legend(handles=handles, loc="outside lower right", ncols=2, handletextpad=0.4)
