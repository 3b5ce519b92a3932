"""Draw why ReLU fails as posted: errors run on through units that are off, and the network dies."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repro.findings.drawings.panels import draw_band, draw_percentages

COSINES = {
    ("sigmoid_posted", "cosine_first"): "sigmoid, hidden layer 1",
    ("sigmoid_posted", "cosine_second"): "sigmoid, hidden layer 2",
    ("relu_posted_rate_10th", "cosine_first"): "ReLU, hidden layer 1",
    ("relu_posted_rate_10th", "cosine_second"): "ReLU, hidden layer 2",
}
MENDED = {
    "relu_posted_rate_10th": "none (as posted)",
    "relu_output_mended": "the output's",
    "relu_hidden_mended": "hidden layer 2's",
    "relu_true_rate_10th": "both (true gradient)",
}
GRID = "factorial@"
BAND = 0.15  # opacity
VARIANTS = ("sigmoid_posted", *MENDED)


def draw(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw the posted step's direction, what each derivative does, and the factorial's accuracy."""
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.1])
    _draw_cosines(left, curves)
    _draw_accuracy(middle, curves)
    _draw_map(right, runs[runs.variant.str.startswith(GRID)])
    return figure


def _draw_cosines(axes: Axes, curves: pd.DataFrame) -> None:
    colors = sns.color_palette("colorblind")
    styles = [(colors[0], "-"), (colors[0], "--"), (colors[3], "-"), (colors[3], "--")]
    for ((variant, layer), label), (color, line) in zip(COSINES.items(), styles, strict=True):
        values = curves[curves.variant == variant].groupby("step")[layer]
        draw_band(axes, values, alpha=BAND, label=label, color=color, linestyle=line)
    axes.set(ylabel="cosine, posted step and gradient", ylim=(0, 1.03))
    axes.set_title("a  Direction of the step", loc="left", fontweight="bold")
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xticks([0, 10, 1_000, 100_000], ["0", "10", "1,000", "100,000"])
    axes.set_xlim(0, 1e5)
    _finish(axes, "activation, weights into")


def _draw_accuracy(axes: Axes, curves: pd.DataFrame) -> None:
    colors = [sns.color_palette("colorblind")[i] for i in (3, 1, 2, 4)]
    styles = ("-", "-.", "--", ":")
    for (variant, label), color, line in zip(MENDED.items(), colors, styles, strict=True):
        curve = curves[curves.variant == variant]
        percent = curve.assign(percent=100 * curve.test_accuracy).groupby("step").percent
        draw_band(axes, percent, alpha=BAND, label=label, color=color, linestyle=line)
    axes.set(ylabel="test accuracy (%)", ylim=(0, 103), xscale="log", xlim=(100, 1e5))
    axes.set_xticks([100, 1_000, 10_000, 100_000], ["100", "1,000", "", "100,000"])
    axes.set_title("b  ReLU at rate 0.01", loc="left", fontweight="bold")
    _finish(axes, "derivatives passed back")


def _finish(axes: Axes, legend: str) -> None:
    axes.minorticks_off()
    axes.set_xlabel("images learned")
    axes.legend(
        title=legend,
        loc="upper center",
        bbox_to_anchor=(0.45, -0.2),
        handlelength=2.4,
        borderaxespad=0,
        alignment="left",
        title_fontsize=8,
    )


def _draw_map(axes: Axes, runs: pd.DataFrame) -> None:
    if runs.empty:
        axes.set_axis_off()
        return
    cells = runs.pivot_table(
        index=["output_activation", "backpropagation"],
        columns="learning_rate",
        values="test_accuracy",
        aggfunc="mean",
    ).loc[["relu", "linear", "sigmoid"]]
    draw_percentages(axes, cells)
    names = [f"{output.replace('relu', 'ReLU')}, {code}" for output, code in cells.index]
    axes.set_yticklabels(names, rotation=0)
    axes.set_xticklabels([f"{rate:g}" for rate in cells.columns], rotation=0)
    axes.tick_params(length=0)
    seeds = runs["seed"].nunique()
    axes.set(xlabel=f"learning rate (10,000 images, {seeds} seeds)", ylabel="")
    axes.set_title("c  Accuracy (%) by output", loc="right", fontweight="bold")
