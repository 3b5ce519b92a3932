"""The figure of the fixes: the failing network, and how many runs each fix recovers."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repro.findings.drawings.rows import (
    INTERVAL,
    RunAxis,
    color_handle,
    draw_row,
    middle_handles,
    run_axis,
    write,
)
from repro.findings.drawings.shared import PALETTE
from repro.findings.fixes import Fixes, fixes_of
from repro.findings.media import SCREEN, Medium
from repro.findings.numbers import percent
from repro.findings.wording import words
from repro.study.models import Study

ROLES = {
    "fails": PALETTE["as posted"],
    "thread": PALETTE["fix of the thread"],
    "ours": PALETTE["fix of ours"],
}
BAND = "0.85"
THRESHOLD: dict[str, Any] = {"color": "0.4", "linewidth": 0.9, "linestyle": (0, (2, 2))}
ABOVE = -0.75  # the place of what is written over the rows


def draw_fixes(study: Study, runs: pd.DataFrame, medium: Medium = SCREEN) -> Figure | None:
    """Draw the study's first gap: a dot a seed, or shares; the reference as a line with its band.

    None if the study has no gap, or its two ends have no numbers.
    """
    fixes = fixes_of(study, runs)
    if fixes is None:
        return None
    drawn = runs[runs["variant"].isin([fixes.reference, *(row.variant for row in fixes.rows)])]
    axis = run_axis(study, drawn, fixes.metric)
    figure = Figure(figsize=(medium.width, 1.0 + 0.3 * len(fixes.rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(fixes.rows):
        own = drawn[drawn["variant"] == row.variant]
        draw_row(axes, place, own, axis=axis, color=ROLES[row.role])
        share = axis.middle(own)[0] / 100 if fixes.is_flag else row.recovered
        write(axes, (1.015, place), percent(share), fontsize=7.5, color="black")
    _label_rows(axes, fixes, medium)
    axis.set_up(axes)
    _draw_reference(axes, fixes, axis, medium.text(study.variants[fixes.reference].label))
    _draw_legend(figure, fixes, axis)
    axes.set_title(medium.title(study.title), loc="left", pad=14)
    return figure


def _label_rows(axes: Axes, fixes: Fixes, medium: Medium) -> None:
    failing, *others = (row.label for row in fixes.rows)
    labels = [f"{failing} (fails)", *others]
    labels += [f"({fixes.left_out} more do no better)"] * bool(fixes.left_out)
    axes.set_yticks(range(len(labels)), [medium.text(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.7)
    if fixes.left_out:
        axes.get_yticklabels()[-1].set(color="0.35", fontsize=7)


def _draw_reference(axes: Axes, fixes: Fixes, axis: RunAxis, label: str) -> None:
    """Draw the line and its band, and write what it is towards the side where there is room."""
    mean, low, high = (axis.unit * fixes.level[key] for key in ("mean", "ci_low", "ci_high"))
    known = bool(np.isfinite([low, high]).all())
    if known:
        axes.axvspan(low, high, color=BAND, lw=0, zorder=0)
    axes.axvline(mean, color="0.4", linewidth=1, zorder=1)
    if fixes.has_margin:
        axes.axvline(axis.unit * fixes.threshold, zorder=1, **THRESHOLD)
    at_right = (axes.transScale + axes.transLimits).transform((mean, 0.0))[0] > 0.5
    text = f" {label}: {'share' if fixes.is_flag else 'mean'}{INTERVAL if known else ''} "
    axes.annotate(
        text,
        (mean, ABOVE),
        va="center",
        ha="right" if at_right else "left",
        fontsize=7.5,
        color="0.35",
        annotation_clip=False,
    )
    heading = words(fixes.metric) if fixes.is_flag else "recovered"
    write(axes, (1.015, ABOVE), heading, fontsize=7.5)


def _draw_legend(figure: Figure, fixes: Fixes, axis: RunAxis) -> None:
    present = {row.role for row in fixes.rows}
    handles = [
        color_handle(axis.statistic, ROLES[role], label)
        for role, label in {"thread": "fix of the thread", "ours": "fix of ours"}.items()
        if role in present
    ]
    handles += middle_handles(axis)
    if fixes.has_margin:
        handles.append(Line2D([], [], label="recovered from here", **THRESHOLD))
    figure.legend(handles=handles, loc="outside lower right", ncols=4, handletextpad=0.4)
