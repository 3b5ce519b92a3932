"""The figure of learning curves: the few variants that matter on one pair of axes."""

import itertools
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from repro.findings.drawings.shared import (
    PALETTE,
    Floor,
    drawable,
    log_floor,
    make_logarithmic,
    metric_label,
    present_variants,
    shows_any,
    spread,
    warn_of_blank,
)
from repro.findings.media import SCREEN, Medium
from repro.findings.units import unit_of
from repro.study.models import Study

SPANS = 100  # longest over shortest step from which steps are drawn logarithmically
MEDIAN = 0.5
QUANTILES = [0.1, MEDIAN, 0.9]  # over seeds: the median, and the ends of the middle 80 %
MOST_CURVES = 7
WIDEST, THINNEST = 2.4, 1.2  # lines: a later one leaves the edges of those that it lies on
LEADER = {
    "arrowstyle": "-",
    "lw": 0.6,
    "alpha": 0.6,
    "relpos": (0, 0.5),
    "shrinkA": 1,
    "shrinkB": 0,
}
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))


def draw_curves(study: Study, curves: pd.DataFrame, medium: Medium = SCREEN) -> Figure | None:
    """Draw the headline metric over training, a line a variant: median and the middle 80 %.

    What is drawn is chosen as `chosen_curves` says. None if the table has no such curve.
    """
    if study.metric not in curves:
        return None
    step = "epoch" if "epoch" in curves else "step"
    curves = _steps_shown(curves, step)
    if not (chosen := chosen_curves(study, curves)):
        return None
    curves = curves[curves["variant"].isin(chosen)]
    curves = curves.astype({study.metric: float})  # truth values too
    quantiles = curves.groupby(["variant", step])[study.metric].quantile(QUANTILES).unstack()
    quantiles *= unit_of(study, study.metric).factor
    floor = log_floor(study, quantiles)
    figure = Figure(figsize=(medium.width, medium.curves), layout="constrained")
    axes = figure.subplots()
    ends = _draw_lines(axes, study, {name: quantiles.loc[name] for name in chosen}, floor)
    _scale(axes, floor, is_log=curves[step].max() >= SPANS)
    _label_lines(axes, study, ends, medium)
    axes.set_xlabel(f"{step} (line: median of {_seeds(curves)} seeds, band: the middle 80 %)")
    axes.set_ylabel(metric_label(study))
    axes.set_title(medium.title(study.title), loc="left")
    return figure


def chosen_curves(study: Study, curves: pd.DataFrame) -> list[str]:
    """Return the variants that matter: those that the study names, or its first gap's."""
    present = present_variants(study, curves)
    gaps = [[gap.failing, gap.reference, *gap.fixes] for gap in study.report.gaps[:1]]
    names = dict.fromkeys([*study.report.curves] or itertools.chain(*gaps))
    return ([name for name in names if name in present] or [*present])[:MOST_CURVES]


def curve_dashes(study: Study, names: Sequence[str]) -> dict[str, int]:
    """Return a number a variant that tells it from those before it in its group, and colour."""
    groups = [study.variants[name].group for name in names]
    return {name: groups[:place].count(groups[place]) for place, name in enumerate(names)}


def _seeds(curves: pd.DataFrame) -> str:
    """Return how many seeds each variant has, or the least and the most of them."""
    counts = curves.groupby("variant")["seed"].nunique()
    return " to ".join(map(str, sorted({counts.min(), counts.max()})))


def _steps_shown(curves: pd.DataFrame, step: str) -> pd.DataFrame:
    is_log = curves[step].max() >= SPANS  # never so of a table without rows
    return curves[curves[step] > 0] if is_log else curves


def _draw_lines(
    axes: Axes, study: Study, quantiles: dict[str, pd.DataFrame], floor: Floor | None
) -> dict[str, tuple[float, float]]:
    """Draw each variant's curve; return where it ends."""
    ends: dict[str, tuple[float, float]] = {}
    dashes = curve_dashes(study, list(quantiles))
    widths = np.linspace(WIDEST, THINNEST, len(quantiles))
    for (name, rows), width in zip(quantiles.items(), widths, strict=True):
        if not shows_any(rows[MEDIAN], log=floor is not None):
            warn_of_blank(study, name, log=floor is not None)
            continue
        low, median, high = (floor.raised(rows) if floor else drawable(rows)).T
        style = _line_style(study, name, dashes[name])
        axes.fill_between(rows.index, low, high, color=style["color"], alpha=0.12, lw=0)
        marker = "o" if len(rows) == 1 else ""  # one point makes no line
        axes.plot(rows.index, median, marker=marker, lw=width, ms=3, **style)
        last = np.flatnonzero(np.isfinite(median))[-1]
        ends[name] = (float(rows.index[last]), float(median[last]))
    return ends


def _line_style(study: Study, name: str, dash: int) -> dict[str, Any]:
    color = PALETTE[study.variants[name].group]
    return {"color": color, "linestyle": DASHES[dash % len(DASHES)]}


def _scale(axes: Axes, floor: Floor | None, *, is_log: bool) -> None:
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    if floor:
        make_logarithmic(axes, "y", floor)
    if is_log:
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.margins(x=0.01)


def _label_lines(
    axes: Axes, study: Study, ends: dict[str, tuple[float, float]], medium: Medium
) -> None:
    """Write each line's name right of the axes, at its end's height or as near as there is room."""
    to_axes = axes.transScale + axes.transLimits
    heights = {name: float(to_axes.transform(end)[1]) for name, end in ends.items()}
    names = sorted(heights, key=lambda name: heights[name])
    texts = {name: _folded(study.variants[name].label, medium.label_width) for name in names}
    gap = (1 + max((text.count("\n") for text in texts.values()), default=0)) * medium.label_gap
    places = spread([heights[name] for name in names], gap, low=0.01, high=1.0)
    for name, place in zip(names, places, strict=True):
        color = PALETTE[study.variants[name].group]
        axes.annotate(
            medium.text(texts[name]),
            xy=ends[name],
            xytext=(1.02, place),
            textcoords="axes fraction",
            color=color,
            fontsize=medium.label_size,
            va="center",
            annotation_clip=False,
            arrowprops=LEADER | {"color": color},
        )


def _folded(label: str, width: int) -> str:
    return "\n".join(textwrap.wrap(label, width))
