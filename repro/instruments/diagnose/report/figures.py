"""One figure a layer: units alive or saturated over steps; signal and gradient by depth."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from repro.findings.figures import save, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from repro.instruments.diagnose.report.diagnosis import Diagnosis

USUAL = 1e-3  # Karpathy, CS231n notes
BLUE, RED = "#0173b2", "#d55e00"  # of seaborn's colorblind palette


def draw_figures(diagnosis: "Diagnosis", folder: Path) -> None:
    """Draw `layer_N.png` and `.svg` of every layer, and `changes` of what was tried."""
    layers = diagnosis.examination.layers
    with style():
        save(draw_changes(diagnosis), folder / "changes")
        if not layers.empty:
            for number, site in enumerate(diagnosis.case.sites, 1):
                save(
                    draw_layer(layers, site.label, diagnosis.case.sites), folder / f"layer_{number}"
                )


def draw_layer(layers: pd.DataFrame, label: str, sites: Any) -> "Figure":
    """Draw a layer: its units over the steps, and where it stands in depth at birth.

    Lines are medians over seeds, bands the middle 80 %.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.4), layout="constrained")
    units, steps, depth = figure.subplots(1, 3)
    of = layers[layers.label == label]
    _draw_units(units, of)
    _band(steps, of[of.step > 0], "ratio", BLUE)
    steps.set_yscale("log")
    steps.set_xscale("log")
    steps.set_xlabel("step")
    steps.set_xticks([1, 2, 4, 8, 16, 32], minor=False)
    steps.xaxis.set_major_formatter("{x:g}")
    steps.minorticks_off()
    steps.set_title("update over weights")
    steps.axhline(USUAL, color="0.6", linewidth=0.8, linestyle="--")
    steps.annotate(
        "usual", (0.98, USUAL), (0, 2), ("axes fraction", "data"), "offset points",
        ha="right", color="0.4", fontsize=7,
    )  # fmt: skip
    _draw_depth(depth, layers[layers.step == 0], label, [site.label for site in sites])
    figure.suptitle(label, x=0.01, ha="left", fontsize=10)
    return figure


def _draw_units(axes: "Axes", of: pd.DataFrame) -> None:
    axes.set_xscale("symlog", linthresh=1)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("step")
    axes.set_ylim(-0.03, 1.03)
    if of.dead.notna().any():
        _band(axes, of.assign(alive=1 - of.dead), "alive", BLUE)
        axes.set_title("share of units alive")
    elif of.saturated.notna().any():
        _band(axes, of, "saturated", RED)
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
        here = labels.index(label)
        axes.plot(here + 1, values[here], "o", color=color, markersize=7, markerfacecolor="none")
    axes.set_yscale("log")
    axes.set_xlabel("layer (ringed: this one)")
    axes.set_title("at birth")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.03, 0.98), ncols=2, handlelength=1, columnspacing=1,
    )  # fmt: skip
    axes.minorticks_off()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _band(axes: "Axes", of: pd.DataFrame, column: str, color: str) -> None:
    quantiles = of.groupby("step")[column].quantile([0.1, 0.5, 0.9]).unstack().dropna()
    if quantiles.empty:
        return
    axes.fill_between(
        quantiles.index, quantiles[0.1], quantiles[0.9], color=color, alpha=0.25, lw=0
    )
    axes.plot(quantiles.index, quantiles[0.5], "o-", color=color, markersize=3, linewidth=1.2)


def draw_changes(diagnosis: "Diagnosis") -> "Figure":
    """Draw what every change gains over the original: seeds as points, mean and 95 % interval."""
    from matplotlib.figure import Figure

    judged = diagnosis.proof.judged[:12]
    figure = Figure(figsize=(7, 0.9 + 0.27 * max(len(judged), 1)), layout="constrained")
    axes = figure.subplots()
    original = diagnosis.proof.original.test
    for row, each in enumerate(judged):
        color = BLUE if each.recovers else "0.5"
        gains = each.trained.test - original
        spread = 0.15 * np.sin(2.4 * np.arange(len(gains)))
        axes.scatter(gains, row + spread, s=9, color=color, alpha=0.4, linewidths=0)
        axes.plot([each.low, each.high], [row, row], color="black", linewidth=1.4)
        axes.plot(each.gain, row, "|", color="black", markersize=9, markeredgewidth=1.6)
    titles = [j.change.title + ("  ◂ smallest" if j is diagnosis.smallest else "") for j in judged]
    axes.set_yticks(range(len(judged)), titles)
    axes.set_ylim(len(judged) - 0.4, -0.6)
    axes.axvline(0, color="0.7", linewidth=0.8)
    axes.set_xlabel("skill gained over the network as it is (blue: recovers)")
    axes.set_title("What the changes recover")
    return figure
