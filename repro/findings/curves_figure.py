"""The figure of learning curves: a panel a variant."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from repro.findings.drawing import (
    PALETTE,
    drawable,
    is_logarithmic,
    present_variants,
    shows_any,
    warn_of_blank,
)
from repro.findings.media import SCREEN, Medium
from repro.findings.wording import words
from repro.study.schema import Study

SPANS = 30  # longest over shortest training from which steps are drawn logarithmically
QUANTILES = [0.1, 0.5, 0.9]


def draw_curves(study: Study, curves: pd.DataFrame, medium: Medium = SCREEN) -> Figure | None:
    """Draw the headline metric over training, a panel a variant: median and the middle 80 %."""
    step = "epoch" if "epoch" in curves else "step"
    if study.metric not in curves or curves.empty:
        return None
    step_scale = _step_scale(curves.groupby("variant")[step].max())
    if step_scale == "log":
        curves = curves[curves[step] > 0]
    if not (present := present_variants(study, curves)):
        return None
    log = is_logarithmic(study, curves[study.metric])
    rows = -(-len(present) // medium.panels)
    height = min(0.4 + medium.panel * rows, medium.tallest)
    figure = Figure(figsize=(medium.width, height), layout="constrained")
    panels = figure.subplots(rows, medium.panels, squeeze=False).ravel()
    for axes, (name, variant) in zip(panels, present.items(), strict=False):
        values = curves[curves["variant"] == name].groupby(step)[study.metric]
        quantiles = values.quantile(QUANTILES).unstack()
        if shows_any(quantiles, log=log):
            _draw_band(axes, quantiles, PALETTE[variant.group])
        else:
            warn_of_blank(study, name, log=log)
        axes.set_title(medium.text(_folded(variant.label)), fontsize=medium.panel_title)
        if log:
            axes.set_yscale("log")
    for axes in panels[len(present) :]:
        axes.set_axis_off()
    _align(list(panels[: len(present)]), medium.panels, step_scale)
    size = medium.rc["font.size"]
    figure.supxlabel(f"{step}  (line: median over seeds, band: the middle 80 %)", fontsize=size)
    figure.supylabel(words(study.metric), fontsize=size)
    return figure


def _step_scale(last: pd.Series) -> str:
    """Return "log" if some variants, by their last step, would be mere dots on a linear axis."""
    return "log" if last.max() >= SPANS * last.min() else "linear"


def _draw_band(axes: Axes, quantiles: pd.DataFrame, color: Any) -> None:
    low, median, high = drawable(quantiles[QUANTILES]).T
    axes.fill_between(quantiles.index, low, high, color=color, alpha=0.25, lw=0)
    marker = "o" if len(quantiles) == 1 else ""  # one point makes no line
    axes.plot(quantiles.index, median, marker=marker, color=color, lw=1.5, ms=3)
    axes.grid(axis="y", color="0.9", linewidth=0.6)


def _align(panels: Sequence[Axes], across: int, step_scale: str) -> None:
    """Give panels, so many side by side, one scale and limits; tick labels to the outer alone.

    As matplotlib's shared axes would, but sixty of those take most of the time of a drawing.
    """
    filled = [axes.dataLim for axes in panels if np.isfinite(axes.dataLim.get_points()).all()]
    for i, axes in enumerate(panels):
        if filled:
            axes.update_datalim(Bbox.union(filled).get_points())
        if step_scale == "linear":
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        else:
            axes.set_xscale(step_scale)
            axes.xaxis.set_major_locator(LogLocator(numticks=5))
            axes.xaxis.set_minor_locator(NullLocator())
        axes.autoscale_view()
        axes.tick_params(labelleft=i % across == 0, labelbottom=i + across >= len(panels))


def _folded(label: str, width: int = 22) -> str:
    return "\n".join(textwrap.wrap(label, width))
