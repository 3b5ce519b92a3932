"""The figure that answers: the failing network, and the fixes by what they recover."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repro.findings.drawing import PALETTE, drawable, is_logarithmic, metric_label
from repro.findings.media import SCREEN, Medium
from repro.findings.numbers import percent
from repro.findings.statistics import Sample
from repro.findings.summary import summarize
from repro.study.experiments import metric_kinds
from repro.study.schema import Gap, Study

MOST_FIXES = 12  # fixes that are drawn
JITTER = 0.2  # of a row's height
BAND = "0.85"
FAILING = PALETTE["as posted"]
OTHERS = "fix of ours"  # the colour of fixes that the thread does not have


def draw_fixes(study: Study, runs: pd.DataFrame, medium: Medium = SCREEN) -> Figure | None:
    """Draw the study's first gap: a dot a seed, the reference as a line, what recovers in percent.

    A run has recovered if its metric is no further from the reference's mean than the study's
    margin. None if the study has no gap of its own metric, or its two ends have no runs.
    """
    gaps = [gap for gap in study.report.gaps if gap.metric in ("", study.metric)]
    present = set(runs.loc[runs[study.metric].notna(), "variant"])
    says_yes_or_no = metric_kinds(study.name)[study.metric] == "flag"
    if says_yes_or_no or not gaps or not {gaps[0].failing, gaps[0].reference} <= present:
        return None
    rows = _rows(study, gaps[0], runs)
    figure = Figure(figsize=(medium.width, 1.0 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    log = is_logarithmic(study, runs[study.metric])
    if log:
        axes.set_xscale("log")
    summary = summarize(study, runs).set_index("variant")
    reference = medium.text(study.variants[gaps[0].reference].label)
    _draw_reference(axes, summary.loc[gaps[0].reference])
    for place, name in enumerate(rows):
        values = runs.loc[runs["variant"] == name, study.metric].to_numpy(float)
        _draw_seeds(axes, place, values, _color(study, gaps[0], name))
        _draw_share(axes, place, _recovered(study, values, summary.loc[gaps[0].reference, "mean"]))
    axes.set_yticks(range(len(rows)), [medium.text(label) for label in rows.values()])
    axes.set_ylim(len(rows) - 0.4, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(metric_label(study))
    _name_reference(axes, reference, summary.loc[gaps[0].reference, "mean"])
    _draw_legend(figure, study, gaps[0], names=list(rows), medium=medium)
    return figure


def _rows(study: Study, gap: Gap, runs: pd.DataFrame) -> dict[str, str]:
    """Return what is drawn, from above: the failing variant, then the fixes, the best first."""
    means = runs.groupby("variant")[study.metric].mean()
    fixes = [name for name in gap.fixes if name in means.index]
    nothing = np.inf if study.better == "lower" else -np.inf
    best_first = sorted(
        fixes, key=lambda name: means.fillna(nothing)[name], reverse=study.better == "higher"
    )
    failing = {gap.failing: f"{study.variants[gap.failing].label} (fails)"}
    return failing | {name: gap.fixes[name] for name in best_first[:MOST_FIXES]}


def _recovered(study: Study, values: Sample, reference: float) -> float:
    """Return the share of runs that come within the margin of the reference; NaN counts as not."""
    margin = study.margins.get(study.metric, 0.0)
    if study.better == "higher":
        return float(np.mean(values >= reference - margin))
    return float(np.mean(values <= reference + margin))


def _color(study: Study, gap: Gap, name: str) -> Any:
    if name == gap.failing:
        return FAILING
    group = study.variants[name].group
    return PALETTE[group if group == "fix of the thread" else OTHERS]


def _draw_reference(axes: Axes, row: pd.Series) -> None:
    axes.axvspan(row.ci_low, row.ci_high, color=BAND, lw=0, zorder=0)
    axes.axvline(row["mean"], color="0.4", linewidth=1, zorder=1)


def _name_reference(axes: Axes, label: str, mean: float) -> None:
    """Write what the line is, towards the side where there is room."""
    at_right = (axes.transScale + axes.transLimits).transform((mean, 0.0))[0] > 0.5
    text = f"{label}: mean, 95 % interval"
    axes.annotate(
        f"{text} " if at_right else f" {text}",
        (mean, -0.75),
        va="center",
        ha="right" if at_right else "left",
        fontsize=7.5,
        color="0.4",
        annotation_clip=False,
    )


def _draw_seeds(axes: Axes, place: int, values: Sample, color: Any) -> None:
    shown = drawable(values)
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        _write(axes, "all runs diverged", (0.5, place), color="0.4", ha="center")
        return
    spread = JITTER * np.sin(2.4 * np.arange(shown.size))  # the same figure every time
    alpha = 0.1 if shown.size > 100 else 0.45
    axes.scatter(
        shown, place + spread, s=9, color=color, alpha=alpha, linewidths=0, rasterized=True
    )
    middle = np.median(shown) if axes.get_xscale() == "log" else shown.mean()
    axes.plot(middle, place, "|", color="black", markersize=9, markeredgewidth=1.6)


def _draw_share(axes: Axes, place: int, share: float) -> None:
    _write(axes, percent(share), (1.01, place))


def _write(axes: Axes, text: str, place: tuple[float, float], **style: Any) -> None:
    """Write beside a row: across the axes in shares of their width, along them in rows."""
    beside = axes.get_yaxis_transform()
    axes.annotate(text, place, xycoords=beside, va="center", fontsize=7.5, **style)


def _draw_legend(
    figure: Figure, study: Study, gap: Gap, *, names: list[str], medium: Medium
) -> None:
    (axes,) = figure.axes
    colors = {_color(study, gap, name) for name in names}
    marker: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 4}
    handles = [
        Line2D([], [], color=PALETTE[group], label=group, **marker)
        for group in ("fix of the thread", OTHERS)
        if PALETTE[group] in colors
    ]
    middle = "median" if axes.get_xscale() == "log" else "mean"
    handles.append(Line2D([], [], color="black", marker="|", linestyle="", label=middle))
    figure.legend(handles=handles, loc="outside lower right", ncols=3)
    _write(axes, "recovered", (1.01, -0.75), color="0.4")
    if medium.titled:
        axes.set_title(medium.text(study.title), loc="left", pad=14)
