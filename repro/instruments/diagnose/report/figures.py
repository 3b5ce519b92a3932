"""The figures of a diagnosis: one a layer, and one of what every change gains."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from repro.findings.figures import save
from repro.findings.media import style
from repro.instruments.diagnose.measurements.steps import CHECKPOINTS
from repro.instruments.diagnose.report.conclusion import Conclusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

USUAL_STEP = 1e-3  # of the weights; Karpathy, CS231n notes
BLUE, RED = "#0173b2", "#d55e00"  # of seaborn's colorblind palette
MOST_DRAWN = 12  # changes
WIDEST_TITLE = 48  # characters; several changes at once have long titles


def draw_figures(conclusion: Conclusion, folder: Path) -> None:
    """Draw `layer_N.png` and `.svg` of every layer, and `changes` of those that were tried."""
    layers = conclusion.examination.layers
    labels = [] if layers.empty else [site.label for site in conclusion.setup.sites]
    with style():
        save(draw_changes(conclusion), folder / "changes")
        for number, label in enumerate(labels, 1):
            save(draw_layer(layers, label, labels), folder / f"layer_{number}")


def draw_layer(layers: pd.DataFrame, label: str, labels: list[str]) -> "Figure":
    """Draw a layer: its units over the steps, and where it stands in depth at birth.

    Lines are medians over seeds, bands the middle 80 %.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.4), layout="constrained")
    units, steps, depth = figure.subplots(1, 3)
    layer = layers[layers.label == label]
    _draw_units(units, layer)
    _draw_steps(steps, layer[layer.step > 0])
    _draw_depth(depth, layers[layers.step == 0], label, labels)
    figure.suptitle(label, x=0.01, ha="left", fontsize=10)
    return figure


def _draw_steps(axes: "Axes", layer: pd.DataFrame) -> None:
    _draw_band(axes, layer, "ratio", BLUE)
    axes.set_yscale("log")
    axes.set_xscale("log")
    axes.set_xlabel("step")
    axes.set_xticks(CHECKPOINTS[1:], minor=False)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.set_title("update over weights")
    axes.axhline(USUAL_STEP, color="0.6", linewidth=0.8, linestyle="--")
    axes.annotate(
        "usual",
        xy=(0.98, USUAL_STEP),
        xytext=(0, 2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        color="0.4",
        fontsize=7,
    )


def _draw_units(axes: "Axes", layer: pd.DataFrame) -> None:
    axes.set_xscale("symlog", linthresh=1)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("step")
    axes.set_ylim(-0.03, 1.03)
    if layer.dead.notna().any():
        _draw_band(axes, layer.assign(alive=1 - layer.dead), "alive", BLUE)
        axes.set_title("share of units alive")
    elif layer.saturated.notna().any():
        _draw_band(axes, layer, "saturated", RED)
        axes.set_title("share saturated")
    else:
        axes.set_title("units alive")
        axes.text(0.5, 0.5, "can't die or saturate", ha="center", transform=axes.transAxes)


def _draw_depth(axes: "Axes", birth: pd.DataFrame, label: str, labels: list[str]) -> None:
    for column, color in (("signal", BLUE), ("gradient", RED)):
        medians = birth.groupby("label")[column].median().reindex(labels)
        values = medians.where(medians > 0).to_numpy(float)
        places = np.arange(1, len(labels) + 1)
        axes.plot(places, values, "o-", color=color, markersize=3, linewidth=1, label=column)
        place = labels.index(label)
        axes.plot(place + 1, values[place], "o", color=color, markersize=7, markerfacecolor="none")
    axes.set_yscale("log")
    axes.set_xlabel("layer (ringed: this one)")
    axes.set_title("at birth")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.03, 0.98), ncols=2, handlelength=1, columnspacing=1
    )
    axes.minorticks_off()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_band(axes: "Axes", layer: pd.DataFrame, column: str, color: str) -> None:
    quantiles = layer.groupby("step")[column].quantile([0.1, 0.5, 0.9]).unstack().dropna()
    if quantiles.empty:
        return
    axes.fill_between(
        quantiles.index, quantiles[0.1], quantiles[0.9], color=color, alpha=0.25, lw=0
    )
    axes.plot(quantiles.index, quantiles[0.5], "o-", color=color, markersize=3, linewidth=1.2)


def draw_changes(conclusion: Conclusion) -> "Figure":
    """Draw the gain of every change over the original: seeds as points, mean, 95 % interval."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size_of_changes(conclusion), layout="constrained")
    draw_gains(figure.subplots(), conclusion)
    return figure


def size_of_changes(conclusion: Conclusion) -> tuple[float, float]:
    """Return width and height in inches that a figure of the changes needs."""
    titles = _titles(conclusion)
    lines = max((title.count("\n") + 1 for title in titles), default=1)
    return 7, 1.05 + (0.12 + 0.15 * lines) * max(len(titles), 1)


def _titles(conclusion: Conclusion) -> list[str]:
    """Return what is written beside each change, in lines that leave room for its gain."""
    return [
        textwrap.fill(one.change.title, WIDEST_TITLE)
        + ("  ◂ smallest" if conclusion.is_smallest(one) else "")
        for one in conclusion.proof.judged[:MOST_DRAWN]
    ]


def draw_gains(axes: "Axes", conclusion: Conclusion) -> None:
    """Draw into axes what `draw_changes` draws."""
    judged = conclusion.proof.judged[:MOST_DRAWN]
    for row, change in enumerate(judged):
        color, gained = BLUE if change.recovers else "0.5", change.gained
        gains = change.trained.test - conclusion.proof.original.test
        spread = 0.15 * np.sin(2.4 * np.arange(len(gains)))
        axes.scatter(gains, row + spread, s=9, color=color, alpha=0.4, linewidths=0)
        axes.plot([gained.low, gained.high], [row, row], color="black", linewidth=1.4)
        axes.plot(gained.mean, row, "|", color="black", markersize=9, markeredgewidth=1.6)
    axes.set_yticks(range(len(judged)), _titles(conclusion))
    axes.set_ylim(len(judged) - 0.4, -0.6)
    axes.axvline(0, color="0.7", linewidth=0.8)
    gain = "skill gained over the network as it is"
    axes.set_xlabel(f"{gain}\n(blue: recovers; bar: mean, 95 % interval)")
    axes.set_title("What the changes recover")
