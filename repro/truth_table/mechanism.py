"""Draw why ReLU fails on the truth table: rows that no live unit sees keep their error."""

from fractions import Fraction

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repro.findings.drawings.panels import draw_percentages

ENDS = {
    "relu_posted": "ReLU output (as posted, rate 1)",
    "relu_rate_0_1": "ReLU output",
    "relu_linear_output_rate_0_1": "linear output",
    "relu_sigmoid_output_rate_0_1": "sigmoid output",
    "relu_linear_output_bias_rate_0_1": "linear output, biases",
}
FRACTIONS = ("0", "1/12", "1/6", "1/4", "1/3", "1/2")
GRID = "factorial@"
OUTPUTS = {"relu": "ReLU", "linear": "linear", "sigmoid": "sigmoid"}
VARIANTS = tuple(ENDS)


def draw(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw where every run ends, and which runs learn by output, biases and rate."""
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.3, 1])
    _draw_ends(left, runs)
    _draw_factorial(right, runs[runs["variant"].str.startswith(GRID)])
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        title_fontsize=8,
        title="a: ReLU hidden layer with gradient mended and rate 0.1, unless stated, and",
    )
    return figure


def _draw_ends(axes: Axes, runs: pd.DataFrame) -> None:
    colors = [sns.color_palette("colorblind")[i] for i in (3, 1, 0, 2, 4)]
    styles = ("-", (0, (5, 2)), "-", (0, (2, 1.5)), "-.")
    for (name, label), color, line in zip(ENDS.items(), colors, styles, strict=True):
        errors = runs.loc[runs["variant"] == name, "mean_abs_error"]
        sns.ecdfplot(
            x=errors,
            stat="percent",
            ax=axes,
            color=color,
            linestyle=line,
            label=label,
            linewidth=1.6,
        )
    axes.set_xticks([float(Fraction(fraction)) for fraction in FRACTIONS], FRACTIONS)
    axes.grid(axis="x", color="0.9", linewidth=0.6)
    axes.set(xlim=(-0.01, 0.53), ylim=(-2, 102))
    axes.set(xlabel="final mean absolute error", ylabel="runs at or below (%)")
    axes.set_title("a  Rows that nothing sees keep their error", loc="left", fontweight="bold")


def _draw_factorial(axes: Axes, runs: pd.DataFrame) -> None:
    if runs.empty:
        axes.set_axis_off()
        return
    cells = runs.pivot_table(
        index=["output_activation", "bias"], columns="learning_rate", values="learned"
    )
    rows = [(output, bias) for output in OUTPUTS for bias in (False, True)]
    cells = cells.loc[rows, sorted(cells.columns, reverse=True)]
    draw_percentages(axes, cells, label="runs that learn (%)")
    labels = [f"{OUTPUTS[output]}{', biases' if bias else ''}" for output, bias in rows]
    axes.set_yticklabels(labels, rotation=0)
    axes.set_xticklabels([f"{rate:g}" for rate in cells.columns], rotation=0)
    seeds, iterations = runs["seed"].nunique(), runs["iterations"].max()
    axes.set(
        xlabel=f"learning rate ({seeds} seeds, {iterations:,} iterations)", ylabel="output layer"
    )
    axes.set_title("b  Output, biases, rate interact", loc="left", fontweight="bold")
