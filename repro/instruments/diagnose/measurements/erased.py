"""Find the operation behind which all rows are alike, so that nothing after it can tell them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.steps import in_weights_precision
from repro.instruments.diagnose.setup.anatomy import trace, watch
from repro.instruments.diagnose.setup.arrays import Array, leaves, select_rows
from repro.instruments.diagnose.setup.setup import Setup

ROWS = 64
ALIKE = 1e-6  # of the largest number: what differs by less is rounding, in single precision


@dataclass(frozen=True)
class Erased:
    """An operation that puts out the same for every row: its place, and its class."""

    position: int
    kind: str


def find_erased(setup: Setup) -> Erased | None:
    """Return the first operation whose output is alike in all rows, though the inputs aren't.

    Layers that compute sums, and their activations, are left out: initial weights may switch those
    off, and training may switch them on again.
    """
    if not setup.sites:
        return None
    model = setup.build()
    rows = np.arange(min(ROWS, len(setup.train[1])))
    x, _ = select_rows(in_weights_precision(model, setup.train), rows)
    if any(_are_alike(a) for a in leaves(x)):
        return None
    place = _first_alike(model, x)
    computing = [i for s in setup.sites for i in range(s.position, s.activated_at + 1)]
    if place is None or place in computing:
        return None
    return Erased(place, type(setup.operations[place]).__name__)


def _first_alike(model: Any, x: Any) -> int | None:
    """Return the first operation with an output that is alike in all rows, if predictions are too.

    A branch that is the same for all rows, of positions or of a mask, is no fault beside others.
    """
    try:
        outputs = watch(trace(model))(x)
    except Exception:  # whatever TensorFlow says of rows that the model can't take
        return None
    alike = [all(map(_are_alike, parts)) for parts in outputs]
    return alike.index(True) if alike[-1] else None


def _are_alike(values: Array) -> bool:
    """Tell whether all rows are the same but for rounding; what isn't finite is none of that."""
    flat = np.asarray(values, float).reshape(len(values), -1)
    if not np.isfinite(flat).all():
        return False
    return bool(np.ptp(flat, axis=0).max(initial=0) <= ALIKE * np.abs(flat).max(initial=0))
