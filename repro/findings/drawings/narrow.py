"""Redraw figures for a phone: panels that stood side by side stand below one another."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.legend import Legend

from repro.findings.figures import MARGIN, draw_mechanism, rendered
from repro.findings.media import style
from repro.study.models import Study

WIDTH = 3.7  # inches: at 360 pixels, type is as large as the text around it
TITLE = 34  # characters
PASSES = 2  # a legend's place goes by the height of its axes, which goes by the legend


def narrow(figure: Figure) -> Figure:
    """Stack a figure's panels, of each part of it, in one column; return the figure, changed."""
    height = figure.get_figheight()
    parts: list[Figure | SubFigure] = [*figure.subfigs] or [figure]
    panels = [_stack(part) for part in parts]
    if figure.subfigs:
        _share_height(figure, panels)
    figure.set_size_inches(WIDTH, height * sum(panels) / len(parts))
    for legend in list(figure.legends):
        _make_one_column(figure, legend)
    if layout := figure.get_layout_engine():
        for _ in range(PASSES):
            layout.execute(figure)  # drawing would do that, too, and take twice as long
    return figure


def narrow_mechanism(study: Study, runs: pd.DataFrame, curves: pd.DataFrame) -> bytes | None:
    """Return a study's drawing of its mechanism as a narrow SVG; None if it has none."""
    with style():
        figure = draw_mechanism(study, runs, curves)
        if figure is None:
            return None
        narrow(figure).set_layout_engine(None)
        return rendered(figure, "svg", bbox_inches=figure.get_tightbbox().padded(MARGIN))


def _make_one_column(figure: Figure, legend: Legend) -> None:
    legend.remove()
    title = "\n".join(textwrap.wrap(legend.get_title().get_text(), TITLE))
    handles = legend.legend_handles
    figure.legend(handles=handles, loc="outside lower center", title=title, title_fontsize=8)


def _stack(part: Figure | SubFigure) -> int:
    """Put the panels of a figure, or of a part, below one another; return how many there are."""
    panels = [axes for axes in part.axes if axes.get_subplotspec() and axes.figure is part]
    grid = part.add_gridspec(len(panels), 1)
    for row, axes in enumerate(panels):
        axes.set_subplotspec(grid[row])
        _fold_title(axes)
        if legend := axes.get_legend():
            _fold_legend(axes, legend)
    return len(panels)


def _fold_legend(axes: Axes, legend: Legend) -> None:
    """Put a panel's legend, which stands below it, into one column at the same height."""
    height = axes.transAxes.inverted().transform(legend.get_bbox_to_anchor().p1)[1]
    handles, labels = axes.get_legend_handles_labels()
    anchor = (0.3, height)
    title = legend.get_title().get_text()
    axes.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=anchor,
        borderaxespad=0,
        title=title,
        title_fontsize=8,
    )


def _fold_title(axes: Axes) -> None:
    for place in ("left", "right", "center"):
        if title := axes.get_title(place):
            folded = "\n".join(textwrap.wrap(title, TITLE))
            axes.set_title(folded, loc=place, fontweight="bold")


def _share_height(figure: Figure, panels: list[int]) -> None:
    """Give each part of a figure a height for its panels; parts stand below one another."""
    grid = figure.subfigs[0]._subplotspec.get_gridspec()  # type: ignore[attr-defined]
    old = grid.get_height_ratios()
    grid.set_height_ratios([n * ratio for n, ratio in zip(panels, old, strict=True)])
