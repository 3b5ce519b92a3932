"""Every study's figures, from its tables alone: the same tables give the same bytes."""

import textwrap
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from repro.findings.media import SCREEN, Medium, style
from repro.findings.summary import summarize
from repro.store.files import write_whole
from repro.store.results import FIGURES
from repro.study.experiments import find_mechanism
from repro.study.schema import Study, Variant

PALETTE = dict(
    zip(
        ("as posted", "rebuild", "fix of the thread", "fix of ours", "mechanism"),
        [sns.color_palette("colorblind")[i] for i in (3, 4, 0, 2, 7)],
        strict=True,
    )
)
UNDATED: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
MARGIN = 0.1  # inches around a figure
JITTER = 0.18  # of a row's height
SPANS = 30  # longest over shortest training from which steps are drawn logarithmically


def draw_figures(
    study: Study,
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    folder: Path,
    names: Sequence[str] = FIGURES,
) -> None:
    """Draw a study's figures, or those of these names, into its results folder, as PNG and SVG.

    `runs`: every run of every named variant; `learning_curves`: the headline metric as training
    goes on; `mechanism`: what the module `repro.NAME.mechanism` draws, if the tables hold
    what it needs.
    """
    drawings: dict[str, Callable[[], Figure | None]] = {
        "runs": lambda: draw_runs(study, runs),
        "learning_curves": lambda: draw_curves(study, curves),
        "mechanism": lambda: draw_mechanism(study, runs, curves),
    }
    for name in names:
        with style():
            figure = drawings[name]()
            if figure is not None:
                save(figure, folder / name)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG and SVG; the same figure gives the same bytes."""
    if layout := figure.get_layout_engine():
        layout.execute(figure)
    figure.set_layout_engine(None)  # not again for each form: that is most of the time
    content = figure.get_tightbbox().padded(MARGIN)
    for form in ("png", "svg"):
        write_whole(path.with_suffix(f".{form}"), rendered(figure, form, bbox_inches=content))


def rendered(figure: Figure, form: str, **options: Any) -> bytes:
    """Return a figure's bytes as `png`, `svg` or `pdf`, without dates or names of programs."""
    content = BytesIO()
    figure.savefig(content, format=form, metadata=UNDATED[form], **options)
    return content.getvalue()


def draw_mechanism(study: Study, runs: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """Draw why it happened, with the study's own module; None if it has none or lacks runs."""
    mechanism = find_mechanism(study.name)
    if mechanism is None or not set(mechanism.VARIANTS) <= set(runs.variant):
        return None
    return mechanism.draw(runs, curves)


def draw_runs(study: Study, runs: pd.DataFrame, medium: Medium = SCREEN) -> Figure:
    """Draw every run as a point, each variant's mean and 95 % interval, the thread's numbers."""
    present = _present(study, runs)
    summary = summarize(runs, study.metric).set_index("variant")
    height = min(0.9 + medium.row * len(present), medium.tallest)
    figure = Figure(figsize=(medium.width, height), layout="constrained")
    axes = figure.subplots()
    for row, (name, variant) in enumerate(present.items()):
        values = runs.loc[runs.variant == name, study.metric].to_numpy(float)
        _draw_row(axes, row, values, summary.loc[name], variant)
    axes.set_yticks(range(len(present)), [medium.text(v.label) for v in present.values()])
    axes.set_ylim(len(present) - 0.4, -0.6)
    if _is_log(study, runs):
        axes.set_xscale("log")
    axes.set_xlabel(f"{_words(study.metric)} ({study.better} is better)")
    axes.grid(axis="x", color="0.9", linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    groups: list[str] = list(dict.fromkeys(v.group for v in present.values()))
    spacing: dict[str, Any] = {"borderaxespad": 0.2, "handletextpad": 0.4, "columnspacing": 1.2}
    if medium.titled:
        axes.set_title(medium.text(study.title), loc="left", pad=34 if len(groups) > 2 else 22)
        axes.legend(
            handles=_legend(groups), loc="lower left", bbox_to_anchor=(-0.45, 1.0), ncols=4,
            **spacing,
        )  # fmt: skip
    else:
        figure.legend(handles=_legend(groups), loc="outside upper left", ncols=3, **spacing)
    return figure


def _draw_row(axes: Axes, row: int, values: Any, summary: pd.Series, variant: Variant) -> None:
    color = PALETTE[variant.group]
    finite = values[np.isfinite(values)]
    # a fixed spread, not a random one: the same figure every time
    spread = JITTER * np.sin(2.4 * np.arange(len(finite)))
    axes.scatter(
        finite, row + spread, s=9, color=color, alpha=0.35 if len(finite) <= 100 else 0.08,
        linewidths=0, rasterized=len(finite) > 100,
    )  # fmt: skip
    if np.isfinite(summary["mean"]):
        axes.plot([summary.ci_low, summary.ci_high], [row, row], color="black", linewidth=1.4)
        axes.plot(summary["mean"], row, "|", color="black", markersize=9, markeredgewidth=1.6)
    for quoted in variant.quotes:
        axes.plot(quoted, row, "D", markersize=5, markerfacecolor="white", markeredgecolor="black")


def _legend(groups: list[str]) -> list[Line2D]:
    dots = [
        Line2D([], [], marker="o", linestyle="", markersize=4, color=PALETTE[group], label=group)
        for group in groups
    ]
    mean = Line2D([], [], color="black", marker="|", markersize=8, label="mean, 95 % interval")
    quoted = Line2D(
        [], [], marker="D", linestyle="", markersize=5, markerfacecolor="white",
        markeredgecolor="black", label="the thread's number",
    )  # fmt: skip
    return [*dots, mean, quoted]


def draw_curves(study: Study, curves: pd.DataFrame, medium: Medium = SCREEN) -> Figure | None:
    """Draw the headline metric over training, a panel a variant: median and the middle 80 %."""
    step = "epoch" if "epoch" in curves else "step"
    present = _present(study, curves)
    if study.metric not in curves or not present:
        return None
    scale = _scale(curves.groupby("variant")[step].max())
    if scale == "log":
        curves = curves[curves[step] > 0]
    rows = -(-len(present) // medium.panels)
    height = min(0.4 + medium.panel * rows, medium.tallest)
    figure = Figure(figsize=(medium.width, height), layout="constrained")
    panels = figure.subplots(rows, medium.panels, squeeze=False).ravel()
    for axes, (name, variant) in zip(panels, present.items(), strict=False):
        of = curves[curves.variant == name].groupby(step)[study.metric]
        _draw_band(axes, of.quantile([0.1, 0.5, 0.9]).unstack(), PALETTE[variant.group])
        axes.set_title(medium.text(_folded(variant.label)), fontsize=medium.panel_title)
        if _is_log(study, curves):
            axes.set_yscale("log")
    for axes in panels[len(present) :]:
        axes.set_axis_off()
    _align(list(panels[: len(present)]), medium.panels, scale)
    size = medium.rc["font.size"]
    figure.supxlabel(f"{step}  (line: median over seeds, band: the middle 80 %)", fontsize=size)
    figure.supylabel(_words(study.metric), fontsize=size)
    return figure


def _present(study: Study, table: pd.DataFrame) -> dict[str, Variant]:
    in_table = set(table.variant.unique())
    return {name: variant for name, variant in study.variants.items() if name in in_table}


def _scale(last: pd.Series) -> str:
    """Of an axis of steps: logarithmic if some variants, by their last step, would be mere dots."""
    return "log" if last.max() >= SPANS * last.min() else "linear"


def _align(panels: Sequence[Axes], across: int, scale: str) -> None:
    """Give panels, so many side by side, one scale and limits; tick labels to the outer alone.

    As matplotlib's shared axes would, but sixty of those take most of the time of a drawing.
    """
    shown = Bbox.union([axes.dataLim for axes in panels])
    for i, axes in enumerate(panels):
        axes.update_datalim(shown.get_points())
        if scale == "linear":
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        else:
            axes.set_xscale(scale)
            axes.xaxis.set_major_locator(LogLocator(numticks=5))
            axes.xaxis.set_minor_locator(NullLocator())
        axes.autoscale_view()
        axes.tick_params(labelleft=i % across == 0, labelbottom=i + across >= len(panels))


def _is_log(study: Study, table: pd.DataFrame) -> bool:
    """Whether the axis is logarithmic: the study says so, and there is a value it can show."""
    values = table[study.metric].to_numpy(float)
    return study.log_scale and bool((np.isfinite(values) & (values > 0)).any())


def _draw_band(axes: Axes, quantiles: pd.DataFrame, color: Any) -> None:
    axes.fill_between(
        quantiles.index, quantiles[0.1], quantiles[0.9], color=color, alpha=0.25, lw=0
    )
    marker = "o" if len(quantiles) == 1 else ""  # one point makes no line
    axes.plot(quantiles.index, quantiles[0.5], marker=marker, color=color, lw=1.5, ms=3)
    axes.grid(axis="y", color="0.9", linewidth=0.6)


def _folded(label: str, width: int = 22) -> str:
    return "\n".join(textwrap.wrap(label, width))


def _words(name: str) -> str:
    return name.replace("_", " ")
