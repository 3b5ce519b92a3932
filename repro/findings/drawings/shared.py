"""The parts that drawings share: variants, their colours, and values that can be drawn."""

import warnings
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from repro.findings.units import is_flag, unit_of
from repro.findings.wording import words
from repro.study.models import Group, Study, Variant

PALETTE = dict(
    zip(get_args(Group), [sns.color_palette("colorblind")[i] for i in (3, 4, 0, 2, 7)], strict=True)
)
HUGE = 1e100  # beyond it, matplotlib's arithmetic overflows
STEADY = 9  # decimal places that every processor gives alike
DECADES = 8  # of a logarithmic axis below most values
TYPICAL = 0.95  # the quantile below which most values are
TICKS = 5  # of a logarithmic axis


def present_variants(study: Study, table: pd.DataFrame) -> dict[str, Variant]:
    """Return the study's named variants that are in a table, in the study's order."""
    names = set(table["variant"].unique())
    return {name: variant for name, variant in study.variants.items() if name in names}


def metric_label(study: Study, metric: str = "") -> str:
    """Return the label of an axis for a metric, the study's own if empty: name, unit, better end.

    Which end of another metric is the better one, a study does not say.
    """
    name = metric or study.metric
    unit = unit_of(study, name).name
    label = f"{words(name)}{', share of runs' if is_flag(study, name) else ''}"
    label += f" in {unit}" if unit else ""
    return f"{label} ({study.better} is better)" if metric in ("", study.metric) else label


def drawable(values: ArrayLike) -> NDArray[np.float64]:
    """Return values as floats, with NaN, which is not drawn, in place of those beyond `HUGE`."""
    numbers = np.asarray(values, float)
    return np.where(np.abs(numbers) <= HUGE, numbers, np.nan)


def shows_any(values: ArrayLike, *, log: bool) -> bool:
    """Return True if an axis, linear or logarithmic, can show any of these values."""
    numbers = drawable(values)
    return bool((numbers > 0).any() if log else np.isfinite(numbers).any())


class Floor(NamedTuple):
    """The value that a logarithmic axis begins with; smaller ones, 0 too, are drawn there."""

    value: float
    hides: bool  # whether there are any smaller

    def raised(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return values so that the axis can show them; NaN for those that it can't."""
        shown = drawable(values)
        return np.where(shown >= 0, np.maximum(shown, self.value), np.nan)


def log_floor(study: Study, values: ArrayLike) -> Floor | None:
    """Return the power of ten with which the study's logarithmic axis of these values begins.

    It is below all of them that are positive, but no more than `DECADES` below most: what is
    smaller differs by rounding alone, and would push all else into a corner. None if the study asks
    for no such axis, or it could show none of the values.
    """
    if not study.log_scale or not shows_any(values, log=True):
        return None
    numbers = drawable(values)
    exponents = np.log10(numbers[numbers > 0])
    exponents = np.round(exponents, STEADY)  # that of a power of ten is whole on every processor
    lowest = np.ceil(np.quantile(exponents, TYPICAL)) - DECADES
    floor = float(10.0 ** max(np.floor(exponents.min()), lowest))
    return Floor(floor, bool((numbers[numbers >= 0] < floor).any()))


def make_logarithmic(axes: Axes, direction: Literal["x", "y"], floor: Floor) -> None:
    """Begin a logarithmic axis with its floor; to be called after all is drawn."""
    axis: Axis = getattr(axes, f"{direction}axis")
    axes.set(**{f"{direction}scale": "log"})
    top = max(axis.get_view_interval()[1], 10 * floor.value)
    axes.set(**{f"{direction}lim": (floor.value / 1.8 if floor.hides else floor.value, top)})
    first, last = (round(np.log10(end)) for end in (floor.value, top))
    exponents = range(first, last + 1, max(1, -(-(last - first) // TICKS)))
    sign = r"\leq" if floor.hides else ""
    labels = [rf"${sign if n == first else ''}10^{{{n}}}$" for n in exponents]
    axis.set_major_locator(FixedLocator([10.0**n for n in exponents]))
    axis.set_major_formatter(FixedFormatter(labels))
    axis.set_minor_locator(NullLocator())


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places in ascending order moved apart so that neighbours have a gap.

    They stay as near as that allows, and between `low` and `high` if these have room for them.
    """
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else max(place, low))
    limit = high
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], limit)
        limit = moved[i] - gap
    return moved


def warn_of_blank(study: Study, variant: str, *, log: bool) -> None:
    """Warn that a drawing has nothing of a variant, since its axis can show none of the values."""
    axis = "a logarithmic axis" if log else "an axis"
    warnings.warn(
        f"{study.name}: {variant} has no {study.metric} that {axis} can show; it is left blank",
        stacklevel=2,
    )
