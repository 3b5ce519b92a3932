"""Panels that the drawings of several mechanisms have."""

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes


def draw_percentages(axes: Axes, shares: pd.DataFrame, *, label: str = "", size: float = 8) -> None:
    """Draw a table of shares as a heat map, with each in percent.

    Args:
        axes: to draw into.
        shares: 0 to 1; its index are the rows, its columns the columns.
        label: of the colour bar; there is none if it is empty.
        size: of the numbers, in points.
    """
    bar: dict[str, Any] = {"cbar_kws": {"label": label, "pad": 0.02}} if label else {"cbar": False}
    sns.heatmap(
        100 * shares,
        ax=axes,
        annot=True,
        fmt=".0f",
        annot_kws={"size": size},
        cmap="cividis",
        vmin=0,
        vmax=100,
        linewidths=0.5,
        **bar,
    )


def draw_band(axes: Axes, values: Any, *, factor: float = 1.0, alpha: float, **line: Any) -> None:
    """Draw the median of grouped values as a line, with a band of the middle 80 %.

    Args:
        axes: to draw into.
        values: a column of a table, grouped by the place on the x axis.
        factor: of what is drawn.
        alpha: opacity of the band.
        line: options of the line; its colour is the band's, too.
    """
    quantiles = factor * values.quantile([0.1, 0.5, 0.9]).unstack()
    low, high = quantiles[0.1], quantiles[0.9]
    axes.fill_between(quantiles.index, low, high, color=line["color"], alpha=alpha, lw=0)
    axes.plot(quantiles.index, quantiles[0.5], **line)
