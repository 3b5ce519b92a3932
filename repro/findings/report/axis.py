"""Axes: where values lie between the ends of a drawing, and the ticks that say so."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from repro.findings.drawings.shared import HUGE, STEADY, Floor, drawable
from repro.findings.numbers import number, power_of_ten

Scale = Literal["linear", "log", "log1p"]
TICKS = 5  # of an axis, about
MARGIN = 0.03  # of a linear axis, beyond its values
NEAR = 5.0  # times as large: a power of ten with which an axis still ends


class Tick(NamedTuple):
    """A mark on an axis."""

    position: float  # percent of its length
    label: str


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`; what lies outside is drawn at the end.

    A logarithmic axis may begin with a floor at which it draws what is smaller, and says so.
    """

    low: float
    high: float
    scale: Scale = "linear"
    floor: Floor | None = None

    def positions(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return where values lie, in percent of the axis' length; NaN where they are not finite.

        On a log axis 0 is at the low end.
        """
        shown = drawable(values)
        if self.floor:
            shown = np.maximum(shown, self.floor.value)
        low, high, warped = (self._warp(np.asarray(v)) for v in (self.low, self.high, shown))
        percent = 100 * (np.clip(warped, low, high) - low) / (high - low)
        return np.round(np.round(percent, STEADY), 2)  # first without a processor's own rounding

    def position(self, value: float) -> float | None:
        """Return where a value lies, in percent of the axis' length; None if it is not finite."""
        return float(self.positions(value)) if abs(value) <= HUGE else None

    @property
    def ticks(self) -> list[Tick]:
        """The marks, about `TICKS` of them."""
        if self.scale == "linear":
            marks = MaxNLocator(TICKS, steps=[1, 2, 5, 10]).tick_values(self.low, self.high)
            labels = {float(mark): number(round(float(mark), 12)) for mark in marks}
        else:
            first = 0 if self.scale == "log1p" else int(np.ceil(np.log10(self.low) - 1e-9))
            last = int(np.floor(np.log10(self.high) + 1e-9))
            stride = max(1, -(-(last - first) // TICKS))
            exponents = range(first, last + 1, stride)
            labels = {10.0**exponent: power_of_ten(exponent) for exponent in exponents}
        if self.floor and self.floor.hides:
            labels |= {self.floor.value: f"≤ {power_of_ten(round(np.log10(self.floor.value)))}"}
        shown = [m for m in labels if self.low * (1 - 1e-9) <= m <= self.high * (1 + 1e-9)]
        return [Tick(float(self.positions(mark)), labels[mark]) for mark in shown]

    def _warp(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        match self.scale:
            case "log":
                return np.log10(np.maximum(values, self.low))
            case "log1p":
                return np.log10(1 + np.maximum(values, 0))
        return values


def axis_of(values: ArrayLike, floor: Floor | None = None) -> Axis:
    """Return the axis that holds all finite values: logarithmic if it begins with a floor."""
    values = np.asarray(values, float)
    finite = values[np.abs(values) <= HUGE]
    if not finite.size:
        return Axis(0, 1)
    low, high = float(finite.min()), float(finite.max())
    if floor:
        room = 1.5 if floor.hides else 1.05
        return Axis(floor.value / room, _top(max(high, 2 * floor.value)), "log", floor)
    room = MARGIN * (high - low) or MARGIN * abs(high) or 1.0
    return Axis(low - room, high + room)


def _top(high: float) -> float:
    """Return the upper end of a logarithmic axis: the next power of ten if it is near."""
    power = 10.0 ** math.ceil(math.log10(high))  # numpy's may miss that of a power of ten
    return 1.1 * power if power <= NEAR * high else 1.5 * high
