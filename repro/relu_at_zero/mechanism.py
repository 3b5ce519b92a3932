"""Draw where exact zeros come from, the published table beside ours, and no derivative at all."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repro.findings.drawings.shared import Floor, make_logarithmic
from repro.findings.statistics import plain_mean, rate_interval

TRAINED = {
    "float32": {"float32_1_step": 1, "float32_one": 200, "float32_2000_steps": 2000},
    "float64": {"float64_one": 200, "float64_2000_steps": 2000, "float64_20000_steps": 20_000},
}
DERIVED = {
    "with it": {"float64_zero": 200, "float64_2000_steps": 2000, "float64_20000_steps": 20_000},
    "left out": {"left_out": 200, "left_out_2000_steps": 2000, "left_out_20000_steps": 20_000},
}
LEAST_LEFT = 1e-12  # what is lower is drawn there
VARIANTS = tuple(
    dict.fromkeys(v for steps in [*TRAINED.values(), *DERIVED.values()] for v in steps)
)
# Shares of 1,000 networks, Bertoin et al. (2021); counts published with the paper. The notebook
# never compares networks of different depths in 64 bits, so that row has no numbers.
PUBLISHED: dict[tuple[str, str], dict[int, float]] = {
    ("hidden_layers", "float32"): {1: 0.054, 2: 0.258, 3: 0.463, 5: 0.647, 6: 0.697},
    ("hidden_layers", "float16"): {1: 0.871, 2: 0.999, 3: 1, 5: 1, 6: 1},
    ("hidden_units", "float64"): {16: 0, 64: 0, 256: 0, 512: 0, 1024: 0},
    ("hidden_units", "float32"): {16: 0.021, 64: 0.163, 256: 0.478, 512: 0.582, 1024: 0.873},
    ("hidden_units", "float16"): {16: 0.333, 64: 1, 256: 1, 512: 1, 1024: 1},
}
COLORS = dict(
    zip(
        ("float16", "float32", "float64"),
        [sns.color_palette("colorblind")[i] for i in (3, 0, 2)],
        strict=True,
    )
)
LEFT_OUT = sns.color_palette("colorblind")[4]
Points = list[tuple[float, pd.Series]]  # a place on the x axis, and the runs' values there
SHIFT = {"float16": -0.14, "float32": 0.0, "float64": 0.14}  # of a category, so none hides another


def draw(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw how often zeros are met, where they matter, and what no derivative at all does."""
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.subplots(2, 2).ravel()
    _draw_training(axes[0], runs)
    _draw_losses(axes[3], runs)
    networks = runs[runs.variant.str.match(r"(deep|depth|narrow|shallow|thin|wide)_float\d\d@")]
    for ax, parameter in zip(axes[1:3], ("hidden_layers", "hidden_units"), strict=True):
        _draw_shares(ax, networks, parameter)
    axes[1].set_title("b  MNIST nets, 256 units", loc="left", fontweight="bold")
    axes[2].set_title("c  MNIST nets, 3 layers", loc="left", fontweight="bold")
    figure.legend(handles=_legend(), loc="outside lower center", ncols=5, columnspacing=1.4)
    return figure


def _draw_training(axes: Axes, runs: pd.DataFrame) -> None:
    for precision, variants in TRAINED.items():
        points: Points = [
            (steps, runs.loc[runs.variant == name, "met_zero"]) for name, steps in variants.items()
        ]
        _draw_points(axes, points, precision, line="-")
    axes.set_xscale("log")
    axes.set(xlabel="training steps", ylabel="runs that met an exact zero (%)", ylim=(-4, 104))
    axes.set_title("a  Training makes zeros", loc="left", fontweight="bold")


def _draw_losses(axes: Axes, runs: pd.DataFrame) -> None:
    """The median of the loss that is left, and the middle 80 % of runs."""
    for (label, variants), color in zip(DERIVED.items(), ("0.35", LEFT_OUT), strict=True):
        left = [runs.loc[runs.variant == name, "loss_left"] for name in variants]
        low, middle, high = (
            [max(v.quantile(q), LEAST_LEFT) for v in left] for q in (0.1, 0.5, 0.9)
        )
        steps = list(variants.values())
        axes.plot(steps, middle, "o-", color=color, markersize=4, linewidth=1.2, label=label)
        axes.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
    axes.set(xscale="log", xlabel="training steps", ylabel="share of the loss left")
    make_logarithmic(axes, "y", Floor(LEAST_LEFT, hides=True))
    title = "ReLU's derivative\n(median, middle 80 %)"
    axes.legend(loc="upper right", title=title, title_fontsize="small")
    axes.set_title("d  No derivative at all", loc="left", fontweight="bold")


def _draw_shares(axes: Axes, runs: pd.DataFrame, parameter: str) -> None:
    categories = list(PUBLISHED[parameter, "float32"])
    cells = (
        runs[runs.hidden_units == 256]
        if parameter == "hidden_layers"
        else runs[runs.hidden_layers == 3]
    )
    for precision, shift in SHIFT.items():
        networks = cells[cells.precision == precision]
        points: Points = [
            (i + shift, networks.loc[networks[parameter] == category, "differs"])
            for i, category in enumerate(categories)
        ]
        _draw_points(axes, [(x, values) for x, values in points if len(values)], precision)
        published = PUBLISHED.get((parameter, precision), {})
        axes.plot(
            [categories.index(category) + shift for category in published],
            [100 * share for share in published.values()],
            "D",
            markersize=5.5,
            markerfacecolor="none",
            markeredgecolor="black",
            markeredgewidth=0.9,
            zorder=3,
        )
    axes.set_xticks(range(len(categories)), [str(category) for category in categories])
    axes.set(xlabel={"hidden_layers": "hidden layers", "hidden_units": "units a layer"}[parameter])
    axes.set_ylabel("gradient depends on ReLU'(0) (%)")
    axes.set(ylim=(-4, 104), xlim=(-0.5, len(categories) - 0.5))


def _draw_points(axes: Axes, points: Points, precision: str, line: str = "none") -> None:
    """Rates in percent with their Wilson intervals."""
    intervals = [rate_interval(values) for _, values in points]
    rates = [100 * plain_mean(values) for _, values in points]
    errors = [
        [rate - 100 * i.low for rate, i in zip(rates, intervals, strict=True)],
        [100 * i.high - rate for rate, i in zip(rates, intervals, strict=True)],
    ]
    axes.errorbar(
        [x for x, _ in points],
        rates,
        yerr=errors,
        color=COLORS[precision],
        marker="o",
        markersize=4,
        linestyle=line,
        linewidth=1.2,
        elinewidth=0.9,
    )


def _legend() -> list[Line2D]:
    ours = [
        Line2D([], [], color=color, marker="o", markersize=4, label=precision)
        for precision, color in COLORS.items()
    ]
    published = Line2D(
        [],
        [],
        linestyle="none",
        marker="D",
        markersize=5.5,
        markerfacecolor="none",
        markeredgecolor="black",
        label="Bertoin et al. (2021)",
    )
    interval = Line2D(
        [], [], linestyle="none", marker="|", markersize=9, color="0.35", label="95 % interval"
    )
    return [*ours, interval, published]
