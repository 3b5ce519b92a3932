"""Find the operation that lets the rows of a batch into one another's predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.steps import in_weights_precision
from repro.instruments.diagnose.setup.anatomy import trace, watch
from repro.instruments.diagnose.setup.arrays import map_arrays, select_rows
from repro.instruments.diagnose.setup.setup import Setup

ROWS = 16
CHANGED = 1e-4  # of the largest number: what changes by less is rounding, in single precision


@dataclass(frozen=True)
class Crossing:
    """An operation that mixes rows: its place, its class, and its axis if it has one."""

    position: int
    kind: str
    axis: Any


def find_crossing(setup: Setup) -> Crossing | None:
    """Return the first operation that puts out something else for a row beside other rows."""
    if not setup.sites:
        return None
    model, count = setup.build(), min(ROWS, len(setup.train[1]))
    x, _ = select_rows(in_weights_precision(model, setup.train), np.arange(count))
    traced = trace(model)
    try:
        run = watch(traced)
        among, repeated = run(x), run(x)
        alone = run(map_arrays(x, lambda a: a[:1].repeat(count, axis=0)))
    except Exception:  # whatever TensorFlow says of rows that the model can't take
        return None
    if _changed(among, repeated)[-1]:  # it draws anew in every call, whatever the rows
        return None
    changed = _changed(among, alone)
    if not changed[-1]:
        return None
    place = changed.index(True)
    operation = traced.operations[place] if place < len(traced.operations) else None
    axis = getattr(operation, "axis", None)
    return Crossing(place, type(operation).__name__, axis)


def _changed(first: list[list[Any]], second: list[list[Any]]) -> list[bool]:
    return [any(map(_differ, *pair)) for pair in zip(first, second, strict=True)]


def _differ(among: Any, alone: Any) -> bool:
    """Tell whether the first row has changed; numbers that aren't one a row have no rows."""
    if among.shape != alone.shape or not among.ndim or not among.size:
        return False
    first, second = (np.asarray(values[0], float) for values in (among, alone))
    scale = np.abs(first).max(initial=0)
    return bool(np.abs(first - second).max(initial=0) > CHANGED * max(scale, 1e-12))
