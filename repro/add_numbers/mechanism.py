"""Draw why ReLU fails to add: networks are born dead, as often as theory says."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repro.findings.statistics import rate_interval

GRID = "births@"
FATES = {
    "learned": "learned",
    "failed_alive": "alive, not learned",
    "dead_output": "dead: output unit",
    "dead_hidden": "dead: hidden layer",
    "diverged": "diverged",
}
ROWS = {
    "relu_posted": "as posted",
    "relu_momentum": "+ momentum",
    "relu_bias_mended": "+ bias update mended",
    "relu_he": "+ He, zero biases",
    "relu_posted_flipped": "+ signs flipped",
    "relu_flipped": "+ He, signs flipped",
    "leaky_posted": "+ leaky ReLU",
    "relu_linear_posted": "+ linear output",
    "relu_linear": "+ linear output, mended",
    "relu_wide_linear": "+ that, He, 16 wide",
}
VARIANTS = tuple(ROWS)


def draw(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw the share of networks born dead beside the formula, and what became of the networks."""
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
    _draw_births(left, runs[runs.variant.str.startswith(GRID)])
    _draw_fates(right, runs)
    return figure


def _draw_births(axes: Axes, births: pd.DataFrame) -> None:
    if births.empty:
        axes.set_axis_off()
        return
    colors = [sns.color_palette("colorblind")[i] for i in (3, 1, 0)]
    for (width, of_width), color in zip(births.groupby("hidden_units"), colors, strict=False):
        formula = 100 * of_width.groupby("hidden_layers").born_dead_formula.mean()
        axes.plot(formula.index, formula, color=color, linewidth=1, label=f"{width} units")
        _draw_rates(axes, of_width, "born_dead_one_input", edge=color, face=color)
        _draw_rates(axes, of_width, "born_dead", edge=color, face="white", shift=1.08)
    axes.set(
        xlabel="hidden layers",
        ylabel="stopped at birth (%), 95 % interval",
        xscale="log",
        ylim=(35, 100),
    )
    axes.set_xticks([1, 2, 4, 8], ["1", "2", "4", "8"])
    axes.minorticks_off()
    axes.set_title("a  Born dead: theory and count", loc="left", fontweight="bold")
    handles = [*axes.get_legend_handles_labels()[0], *_markers()]
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.45, -0.17),
        ncols=2,
        columnspacing=1.2,
        borderaxespad=0,
    )


def _draw_rates(
    axes: Axes, births: pd.DataFrame, metric: str, edge: object, face: object, shift: float = 1
) -> None:
    for depth, of_depth in births.groupby("hidden_layers"):
        x, rate = depth * shift, 100 * of_depth[metric].mean()
        low, high = rate_interval(of_depth[metric])
        axes.plot([x, x], [100 * low, 100 * high], color=edge, linewidth=1)
        axes.plot(x, rate, "o", color=edge, markerfacecolor=face, markersize=4)


def _markers() -> list[Line2D]:
    return [
        Line2D([], [], color="0.3", linewidth=1, label="1 − ∏(1 − 2⁻ᴺ)"),
        Line2D([], [], color="0.3", marker="o", markersize=4, linestyle="", label="one input"),
        Line2D(
            [],
            [],
            color="0.3",
            marker="o",
            markersize=4,
            linestyle="",
            markerfacecolor="white",
            label="all six inputs",
        ),
    ]


def _draw_fates(axes: Axes, runs: pd.DataFrame) -> None:
    shares = _shares(runs)
    colors = [sns.color_palette("colorblind")[i] for i in (2, 8, 3, 5, 7)]
    left = np.zeros(len(shares))
    for fate, color in zip(FATES, colors, strict=True):
        axes.barh(range(len(shares)), shares[fate], left=left, color=color, label=FATES[fate])
        left += shares[fate]
    axes.plot(
        shares["born_alive"],
        range(len(shares)),
        "|",
        color="black",
        markersize=12,
        markeredgewidth=1.5,
        label="born alive, up to here",
    )
    for row, share in enumerate(shares["learned"]):
        axes.text(2, row, f"{share:.0f}", va="center", color="white", fontsize=8)
    axes.set_yticks(range(len(shares)), list(ROWS.values()))
    axes.set(xlabel="share of seeds (%)", xlim=(0, 100.6))
    axes.invert_yaxis()
    axes.set_title("b  What became of them", loc="left", fontweight="bold")
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.3, -0.17),
        ncols=2,
        columnspacing=1.2,
        borderaxespad=0,
        handlelength=1.2,
        numpoints=1,
    )


def _shares(runs: pd.DataFrame) -> pd.DataFrame:
    """Percent of seeds born alive, and by fate, which add up to 100; one row a variant."""
    ends = runs[runs.variant.isin(ROWS)].assign(diverged=runs.status == "diverged")
    ends = ends.fillna({"failed_alive": 0, "dead": 0, "dead_output": 0})  # of a run that diverged
    rates = ends.groupby("variant").mean(numeric_only=True).loc[list(ROWS)]
    rates = rates.assign(born_alive=1 - rates.born_dead, dead_hidden=rates.dead - rates.dead_output)
    return 100 * rates[["born_alive", *FATES]]
