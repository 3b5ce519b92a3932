"""The figure of a sweep: points for one parameter, heat maps for more."""

import itertools
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from repro.findings.drawings.shared import drawable, metric_label
from repro.findings.numbers import digits_between, interval, number
from repro.findings.statistics import FEWEST
from repro.findings.summary import spread_of, summarize
from repro.findings.units import is_flag, unit_of
from repro.findings.wording import words
from repro.study.experiments import find_experiment
from repro.study.models import Study
from repro.study.sweep import swept

NUMBERS = ["mean", "ci_low", "ci_high", "least", "greatest"]  # columns in the metric's unit
MAX_PANELS = 48
MAX_TICKS = 12  # more are left to matplotlib
DECADES = 30  # largest / smallest value from which an axis is logarithmic
LENGTHS = ("epochs", "iterations", "steps", "images")  # what experiments call their training's
COLUMNS = 3  # of panels
MAX_INTERVALS, MAX_NUMBERS = 5, 12  # cells side by side that have room for them


def draw_sweep(study: Study, runs: pd.DataFrame) -> Figure | None:
    """Draw the headline metric against a sweep's parameters, means with 95 % intervals.

    One parameter: every run and each mean against it. More: a heat map of the first (x) and the
    second (y), in a panel for each combination of the others.

    Args:
        study: of a sweep; each variant's parameters are those that were given.
        runs: its `runs.csv`.

    Returns:
        The figure; None if it would have more than `MAX_PANELS` panels.
    """
    factor = unit_of(study, study.metric).factor
    cells, names = summarize_sweep(study, runs), swept(study)
    cells[NUMBERS] *= factor
    runs = runs.assign(**{study.metric: factor * runs[study.metric]})
    if len(names) == 1:
        figure, shown = _points(study, runs, cells, names[0]), bool(cells["n"].max() >= FEWEST)
    else:
        panels = _panels(cells, names[2:])
        if len(panels) > MAX_PANELS:
            return None
        shown = len(panels) == 1 and len(cells[names[0]].unique()) <= MAX_INTERVALS
        figure = _heat_maps(study, cells, names[:2], panels, intervals=shown)
    title = f"{study.title}: {_summary_name(study, runs)}" + f", {spread_of(cells)[0]}" * shown
    figure.suptitle("\n".join(textwrap.wrap(title, 100)), x=0.01, ha="left", fontsize=9)
    return figure


def _summary_name(study: Study, runs: pd.DataFrame) -> str:
    """Return what a cell or a mark is: of what, over how many seeds, after which training."""
    kind = "share of runs" if is_flag(study, study.metric) else "mean"
    return f"{kind} over {runs.seed.nunique()} seeds{training_length(study)}"


def training_length(study: Study) -> str:
    """Return ", 15 epochs", or what else an experiment is trained for; nothing if that is swept."""
    settings = find_experiment(study.name).defaults | study.fixed
    units = [unit for unit in LENGTHS if settings.get(unit)]
    if not units or set(LENGTHS) & set(swept(study)):
        return ""
    length = settings[units[0]]
    return f", {length:,} {units[0] if length > 1 else units[0][:-1]}"


def summarize_sweep(study: Study, runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row a combination: its parameters as they were typed, then `summarize`'s."""
    typed = [
        {"variant": name, **{key: _typed(value) for key, value in variant.parameters.items()}}
        for name, variant in study.variants.items()
    ]
    return pd.DataFrame(typed).merge(summarize(study, runs), on="variant")


def _typed(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _panels(cells: pd.DataFrame, names: Sequence[str]) -> list[dict[str, str]]:
    products = itertools.product(*(cells[name].unique() for name in names))
    return [dict(zip(names, values, strict=True)) for values in products]


def _points(study: Study, runs: pd.DataFrame, cells: pd.DataFrame, name: str) -> Figure:
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    values = runs.groupby("variant", sort=False)[name].first()
    positions = _positions(axes, values, cells[name])
    for x, cell in zip(positions, cells.itertuples(), strict=True):
        metric = drawable(runs.loc[runs["variant"] == cell.variant, study.metric])
        dots = metric[:0] if is_flag(study, study.metric) else metric  # a share has none
        _draw_combination(axes, x, dots, cell)
    means = drawable(cells["mean"])
    axes.plot(positions, means, "-", color="0.6", linewidth=0.8, zorder=0)
    axes.plot(positions, means, "_", color="black", markersize=9, markeredgewidth=1.6)
    if study.log_scale and _spans_decades(runs[study.metric]):
        axes.set_yscale("log")
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    axes.set(xlabel=words(name), ylabel=metric_label(study))
    return figure


def _draw_combination(axes: Axes, x: float, values: NDArray[np.float64], cell: Any) -> None:
    """Draw the runs of one combination, and its mean's interval or what became of them."""
    style: dict[str, Any] = {"color": "C0", "alpha": 0.3, "markersize": 4, "mew": 0}
    axes.plot(np.full(len(values), x), values, "o", **style)
    if not np.isfinite(drawable(cell.mean)):
        note = f"{cell.diverged} of {cell.runs} diverged" if cell.diverged else "no mean"
        below = axes.get_xaxis_transform()
        axes.text(x, 0.02, note, rotation=90, ha="center", fontsize=7, transform=below)
    axes.plot([x, x], drawable([cell.ci_low, cell.ci_high]), color="black", linewidth=1.4)


def _positions(axes: Axes, values: pd.Series, typed: pd.Series) -> list[float]:
    """Set the x axis' scale and ticks; return where each value is, by value or by order."""
    if not pd.api.types.is_numeric_dtype(values) or values.dtype == bool:
        axes.set_xticks(range(len(typed)), typed)
        axes.set_xlim(-0.5, len(typed) - 0.5)
        return list(range(len(typed)))
    # those without a value to draw, too, have their place
    axes.update_datalim([(value, 0) for value in values], updatey=False)
    if _spans_decades(values):
        axes.set_xscale("log")
    if len(typed) <= MAX_TICKS:
        axes.set_xticks(values.to_list(), typed)
        axes.minorticks_off()
    return values.to_list()


def _spans_decades(values: pd.Series) -> bool:
    finite = values[np.isfinite(drawable(values))]
    return bool(len(finite) and finite.min() > 0 and finite.max() / finite.min() >= DECADES)


def _heat_maps(
    study: Study,
    cells: pd.DataFrame,
    names: Sequence[str],
    panels: Sequence[dict[str, str]],
    *,
    intervals: bool,
) -> Figure:
    x, y = names
    columns = min(COLUMNS, len({list(panel.values())[-1] for panel in panels if panel}) or 1)
    rows = -(-len(panels) // columns)
    height = max(2.8, 0.8 + rows * (0.5 + 0.42 * len(cells[y].unique())))
    figure = Figure(figsize=(7, height), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    norm = _norm(study, cells["mean"])
    numbers = columns * len(cells[x].unique()) <= MAX_NUMBERS
    for place, (axes, panel) in enumerate(itertools.zip_longest(grid.flat, panels)):
        if panel is None:
            axes.set_axis_off()
            continue
        chosen = [all(cell[name] == panel[name] for name in panel) for _, cell in cells.iterrows()]
        means, texts = _tables(cells[chosen], x, y, intervals=intervals)
        _heat_map(axes, means, texts if numbers else None, norm)
        axes.set_title("\n".join(f"{words(name)} {value}" for name, value in panel.items()))
        axes.tick_params(labelbottom=place >= len(panels) - columns)  # the lowest of its column
    figure.supxlabel(words(x), fontsize=9)
    figure.supylabel(words(y), fontsize=9)
    figure.colorbar(grid.flat[0].collections[0], ax=grid, label=metric_label(study), pad=0.02)
    return figure


def _tables(
    cells: pd.DataFrame, x: str, y: str, *, intervals: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a panel's means and their texts as tables of y by x."""
    shown = cells.assign(
        mean=drawable(cells["mean"]), text=[_text(cell, intervals) for cell in cells.itertuples()]
    )
    means, texts = (
        shown.pivot(index=y, columns=x, values=column).reindex(
            index=cells[y].unique(), columns=cells[x].unique()
        )
        for column in ("mean", "text")
    )
    return means, texts


def _heat_map(axes: Axes, means: pd.DataFrame, texts: pd.DataFrame | None, norm: Normalize) -> None:
    sns.heatmap(
        means,
        annot=texts,
        fmt="",
        annot_kws={"size": 7},
        cmap="cividis",
        norm=norm,
        vmin=norm.vmin,  # or seaborn looks for them, and warns where there is no mean
        vmax=norm.vmax,
        linewidths=0.5,
        cbar=False,
        ax=axes,
    )
    if texts is not None:
        for row, column in np.argwhere(means.isna().to_numpy()):  # which seaborn leaves blank
            place = {"x": column + 0.5, "y": row + 0.5}
            axes.text(**place, s=texts.iloc[row, column], size=7, ha="center", va="center")
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="y", rotation=0)
    axes.tick_params(axis="both", length=0)


def _text(cell: Any, intervals: bool) -> str:
    diverged = [f"{cell.diverged} of {cell.runs} diverged"] if cell.diverged else []
    if not np.isfinite(cell.mean):
        return "\n".join([number(cell.mean), *diverged]).replace(" diverged", "\ndiverged")
    if not intervals:
        return number(cell.mean)
    extremes, limits = (cell.least, cell.greatest), (cell.ci_low, cell.ci_high)
    spread = extremes if cell.n < FEWEST else limits
    return "\n".join([number(cell.mean, digits_between(*spread)), interval(*spread), *diverged])


def _norm(study: Study, means: pd.Series) -> Normalize:
    finite = means[np.isfinite(drawable(means))]
    scale = LogNorm if study.log_scale and _spans_decades(means) else Normalize
    return scale(finite.min(), finite.max()) if len(finite) else Normalize(0, 1)
