"""Draw why ReLU fails on raw pixels: the rate kills units, the initial weights do not."""

import math

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

FACTORIAL = {
    "relu_scaled": "init ×1, rate ×1  (= pixels/255)",
    "init_255": "init ×255, rate ×1",
    "rate_65025": "init ×1, rate ×65,025",
    "relu_raw": "init ×255, rate ×65,025  (= raw pixels)",
}
GRID = "scale_by_rate@"
VARIANTS = tuple(FACTORIAL)


def draw(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw dead units per epoch in the 2x2 factorial, and accuracy over input scale and rate."""
    figure = Figure(figsize=(7, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    _draw_dead_units(left, curves)
    _draw_map(right, runs[runs.variant.str.startswith(GRID)])
    return figure


def _draw_dead_units(axes: Axes, curves: pd.DataFrame) -> None:
    colors = [sns.color_palette("colorblind")[i] for i in (0, 2, 1, 3)]
    styles = ("-", (0, (4, 2)), "-.", "-")
    for (name, label), color, line in zip(FACTORIAL.items(), colors, styles, strict=True):
        dead = curves[curves.variant == name].groupby("epoch").dead_fraction
        quantiles = 100 * dead.quantile([0.1, 0.5, 0.9]).unstack()
        axes.fill_between(
            quantiles.index, quantiles[0.1], quantiles[0.9], color=color, alpha=0.2, lw=0
        )
        axes.plot(quantiles.index, quantiles[0.5], color=color, linestyle=line, label=label)
    axes.set(xlabel="epoch", ylabel="dead hidden units (%)", ylim=(-3, 103))
    axes.set_title("a  The rate kills the units", loc="left", fontweight="bold")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.24), borderaxespad=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_map(axes: Axes, runs: pd.DataFrame) -> None:
    if runs.empty:
        axes.set_axis_off()
        return
    cells = runs.pivot_table(
        index="learning_rate", columns="input_scale", values="test_accuracy", aggfunc="mean"
    ).sort_index(ascending=False)
    sns.heatmap(
        100 * cells,
        ax=axes,
        annot=True,
        fmt=".0f",
        annot_kws={"size": 7.5},
        cmap="cividis",
        vmin=0,
        vmax=100,
        linewidths=0.5,
        cbar_kws={"label": "test accuracy (%)", "pad": 0.02},
    )
    labels = [f"1/{1 / scale:.0f}" if scale < 1 else "1" for scale in cells.columns]
    axes.set_xticklabels(labels, rotation=0)
    axes.set_yticklabels(
        [f"$10^{{{round(math.log10(rate))}}}$" for rate in cells.index], rotation=0
    )
    axes.set(xlabel="input scale (factor on pixels 0..255)", ylabel="learning rate")
    _draw_limit(axes, cells, 2 / runs.groupby("input_scale").largest_eigenvalue.first())
    axes.set_title("b  Above the line, rates exceed 2/λ$_{max}$", loc="left", fontweight="bold")


def _draw_limit(axes: Axes, cells: pd.DataFrame, limits: pd.Series) -> None:
    # along the cells' edges: as many rows from the top as there are rates above the limit
    edges = [int((cells.index > limits[scale]).sum()) for scale in cells.columns]
    for color, width in (("white", 4), ("black", 2)):
        axes.stairs(edges, range(len(edges) + 1), baseline=None, color=color, linewidth=width)
