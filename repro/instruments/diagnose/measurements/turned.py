"""Find validation inputs whose steps, rows of pixels or channels stand in another order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from repro.instruments.diagnose.measurements.baselines import linear_skill, neighbour_skill
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.sequences import single_input
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair

FEWEST_AXES = 3  # rows, steps, channels: the columns of tables are looked at elsewhere
MOST_ROWS = 1000
AMISS = 0.3  # skill by which baselines do better on training rows held out, at least


@dataclass(frozen=True)
class Order:
    """Another order of an input: one axis reversed, or two that change places."""

    axes: tuple[int, ...]

    def apply(self, x: Array) -> Array:
        """Return inputs in that order."""
        return np.flip(x, self.axes) if len(self.axes) == 1 else np.swapaxes(x, *self.axes)

    @property
    def code(self) -> str:
        """The call that brings it about, but for its first argument."""
        name, places = ("flip", self.axes[0]) if len(self.axes) == 1 else ("swapaxes", self.axes)
        return f"np.{name}(x_val, {str(places).strip('()')})"

    @property
    def title(self) -> str:
        """The order in words."""
        if len(self.axes) == 1:
            return f"the validation inputs reversed along axis {self.axes[0]}"
        first, second = self.axes
        return f"axes {first} and {second} of the validation inputs in each other's place"


def turned_validation(setup: Setup) -> tuple[float, Order | None]:
    """Return what baselines gain on the validation data by their best other order, and that order.

    It is looked for only where they do much better on training rows that were held out.
    """
    x = single_input(setup)
    if x is None or x.ndim < FEWEST_AXES or setup.tested_on != "validation data":
        return 0.0, None
    if setup.task.per_step or setup.test[0].shape[1:] != x.shape[1:]:
        return 0.0, None
    half = min(len(x) // 2, MOST_ROWS)
    train, held_out = (x[:half], setup.train[1][:half]), (x[half:], setup.train[1][half:])
    test, labels = (a[:MOST_ROWS] for a in setup.test)
    plain = _skill(setup, train, (test, labels))
    if _skill(setup, train, held_out) - plain <= AMISS:
        return 0.0, None
    gains = {
        order: _skill(setup, train, (order.apply(test), labels)) - plain
        for order in _orders(x.shape)
    }
    best = max(gains, key=lambda order: gains[order])
    return gains[best], best


def _orders(shape: tuple[int, ...]) -> Iterator[Order]:
    """Yield all axes reversed, each alone, and all pairs of one length in each other's place."""
    axes = [axis for axis in range(1, len(shape)) if shape[axis] > 1]
    yield from (Order((axis,)) for axis in axes)
    pairs = [(a, b) for a in axes for b in axes if a < b and shape[a] == shape[b]]
    yield from map(Order, pairs)


def _skill(setup: Setup, train: Pair, test: Pair) -> float:
    pairs = [(np.reshape(x, (len(x), -1)), y) for x, y in (train, test)]
    linear, near = (score(setup.task, *pairs) for score in (linear_skill, neighbour_skill))
    return float(np.fmax(linear, near))
