"""Draw why ReLU fails on raw pixels: units die at once, and images that none sees are lost."""

import math
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repro.findings.drawings.panels import draw_band, draw_percentages
from repro.findings.statistics import plain_mean

STEPS_AN_EPOCH = 600  # 60,000 images in batches of 100
TRACED = {  # steps between two measurements -> variant; the last one goes on through all epochs
    1: "relu_raw_first_steps",
    20: "relu_raw_first_epoch",
    STEPS_AN_EPOCH: "relu_raw",
}
LINES = {"dead_fraction": "dead units", "silent_images": "images that no unit sees"}
ROWS = {
    "sigmoid_raw": "sigmoid, raw pixels",
    "relu_raw": "ReLU, raw pixels",
    "relu_scaled": "ReLU, pixels/255",
    "relu_scaled_11_units": "/255, 11 units",
    "init_255": "/255, initial weights ×255",
    "rate_65025": "/255, 1st-layer rate ×65,025",
    "relu_raw_rate_lowered": "raw, rate/100 after 1st epoch",
    "relu_raw_warm_up": "raw, rate/100 in 1st epoch",
    "relu_raw_second_rate_100th": "raw, 2nd-layer rate/100",
    "relu_raw_frozen_biases": "raw, 1st-layer biases frozen",
    "relu_raw_frozen_weights": "raw, 1st-layer weights frozen",
    "relu_raw_clip": "raw, clipped output",
}
SHARES = {  # of the test images -> its place in the palette
    "seen, right": 0,
    "unseen, right": 9,
    "seen, wrong": 7,
    "unseen, wrong": 3,
    "without gradient, wrong": 1,
}
GRID = "scale_by_rate@"
VARIANTS = (*TRACED.values(), *ROWS)


def draw(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw deaths by step, what becomes of the images, and accuracy over input scale and rate."""
    figure = Figure(figsize=(7, 6.6), layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=[1, 1.05])
    top, bottom = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    left, right = top.subplots(1, 2, width_ratios=[1, 1.25])
    _draw_deaths(left, curves)
    _draw_map(right, runs[runs.variant.str.startswith(GRID)])
    _draw_images(bottom.subplots(), runs)
    return figure


def _draw_deaths(axes: Axes, curves: pd.DataFrame) -> None:
    traced = pd.concat(
        curves[curves.variant == variant].assign(step=lambda rows, n=steps: n * rows.epoch)
        for steps, variant in TRACED.items()
    )
    for place, (metric, label) in zip((3, 0), LINES.items(), strict=True):
        color = sns.color_palette("colorblind")[place]
        values = traced.groupby("step")[metric]
        draw_band(axes, values, factor=100, alpha=0.2, color=color, label=label)
    axes.axvline(STEPS_AN_EPOCH, color="0.6", linewidth=0.8, linestyle=":")
    axes.set(
        xscale="log", xlabel="step (dotted: end of the first epoch)", ylabel="%", ylim=(-3, 103)
    )
    axes.set_title("a  Units die in the first steps", loc="left", fontweight="bold")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), borderaxespad=0)


def _draw_images(axes: Axes, runs: pd.DataFrame) -> None:
    shares = 100 * pd.DataFrame({name: _shares(runs, name) for name in ROWS}).T[::-1]
    start = pd.Series(0.0, index=shares.index)
    for kind, place in SHARES.items():
        color = sns.color_palette("colorblind")[place]
        axes.barh(range(len(shares)), shares[kind], left=start, color=color, label=kind)
        start += shares[kind]
    axes.set_yticks(range(len(shares)), [ROWS[name] for name in shares.index])
    axes.set(xlim=(0, 100), xlabel="test images (%)")
    axes.set_title("c  What becomes of the test images", loc="left", fontweight="bold")
    axes.legend(loc="upper center", bbox_to_anchor=(0.35, -0.19), ncols=3, borderaxespad=0)


def _shares(runs: pd.DataFrame, variant: str) -> pd.Series:
    """Return a variant's mean share of each kind of test image."""
    arm = runs[runs.variant == variant]
    unseen_right = (arm.silent_images * arm.accuracy_on_silent).fillna(0.0)
    unseen_wrong = arm.silent_images - unseen_right
    kinds = {
        "seen, right": arm.test_accuracy - unseen_right,
        "unseen, right": unseen_right,
        "seen, wrong": 1 - arm.test_accuracy - unseen_wrong - arm.stuck_images,
        "unseen, wrong": unseen_wrong,
        "without gradient, wrong": arm.stuck_images,
    }
    return pd.Series({kind: plain_mean(share) for kind, share in kinds.items()})


def _draw_map(axes: Axes, runs: pd.DataFrame) -> None:
    if runs.empty:
        axes.set_axis_off()
        return
    cells = runs.pivot_table(
        index="learning_rate", columns="input_scale", values="test_accuracy", aggfunc="mean"
    ).sort_index(ascending=False)
    draw_percentages(axes, cells, label="test accuracy (%)", size=7.5)
    labels = [f"1/{1 / scale:.0f}" if scale < 1 else "1" for scale in cells.columns]
    axes.set_xticklabels(labels, rotation=0)
    axes.set_yticklabels(
        [f"$10^{{{round(math.log10(rate))}}}$" for rate in cells.index], rotation=0
    )
    length = f"{runs.epochs.iloc[0]} epochs, {runs.seed.nunique()} seeds"
    axes.set(xlabel=f"input scale ({length})", ylabel="learning rate")
    axes.set_title("b  Above a line, rates exceed 2/λ$_{max}$", loc="left", fontweight="bold")
    by_scale = runs.groupby("input_scale")
    limits = {  # 2 over the largest eigenvalue
        "of the loss": by_scale.largest_curvature.mean(),
        "of one linear unit": by_scale.largest_eigenvalue.first(),
    }
    for style, (label, eigenvalue) in zip(("-", (0, (1, 1))), limits.items(), strict=True):
        _draw_limit(axes, cells, 2 / eigenvalue, style=style, label=f"2/λ$_{{max}}$ {label}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, borderaxespad=0)


def _draw_limit(
    axes: Axes, cells: pd.DataFrame, limits: pd.Series, *, style: Any, label: str
) -> None:
    # along the cells' edges: as many rows from the top as there are rates above the limit
    edges = [int((cells.index > limits[scale]).sum()) for scale in cells.columns]
    places = range(len(edges) + 1)
    axes.stairs(edges, places, baseline=None, color="white", linewidth=4)
    axes.stairs(
        edges, places, baseline=None, color="black", linewidth=2, linestyle=style, label=label
    )
