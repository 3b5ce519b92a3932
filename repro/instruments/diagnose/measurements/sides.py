"""Find the steps that a network doesn't look at when it puts something out for each step."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.steps import in_weights_precision
from repro.instruments.diagnose.setup.arrays import Array, select_rows
from repro.instruments.diagnose.setup.sequences import single_input
from repro.instruments.diagnose.setup.setup import Setup

ROWS = 16
FEWEST_STEPS = 3
CHANGED = 1e-6  # of the largest number


@dataclass(frozen=True)
class Sides:
    """The steps that an output for a step depends on: those before it, and those after it."""

    earlier: bool
    later: bool

    @property
    def unread(self) -> tuple[str, ...]:
        """The sides that it doesn't depend on."""
        sides = {"before": self.earlier, "after": self.later}
        return tuple(side for side, is_read in sides.items() if not is_read)


def find_sides(setup: Setup) -> Sides | None:
    """Return which steps the middle step's output depends on; None of other than sequences."""
    x = single_input(setup)
    shape = setup.output_shape
    if x is None or x.ndim not in (2, 3) or len(shape) != 3 or shape[1] != x.shape[1]:
        return None
    if x.shape[1] < FEWEST_STEPS or np.shape(setup.train[1])[1:2] != (x.shape[1],):
        return None
    model, rows = setup.build(), np.arange(min(ROWS, len(x)))
    x, _ = select_rows(in_weights_precision(model, setup.train), rows)
    middle = x.shape[1] // 2
    sides = slice(0, middle), slice(middle + 1, None)
    try:
        return Sides(*(_reaches(model, x, side, middle) for side in sides))
    except Exception:  # whatever TensorFlow says of rows that the model can't take
        return None


def _reaches(model: Any, x: Array, side: slice, place: int) -> bool:
    """Tell whether the output at a place changes if the steps of one side change rows."""
    changed = np.array(x)
    changed[:, side] = np.roll(changed[:, side], 1, axis=0)
    first, second = (np.asarray(model(a, training=False))[:, place] for a in (x, changed))
    return bool(np.abs(first - second).max() > CHANGED * np.abs(first).max())
