"""How much of the data is used, and for how long it is trained: the same on every machine."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import (
    DiagnoseError,
    as_columns,
    checked_data,
    each,
    leaves,
    same_length,
    shapes,
    taken,
)
from repro.instruments.diagnose.setup.task import Array

if TYPE_CHECKING:
    import keras

MOST_ROWS = 4096
HELD_OUT = 0.2
LEAST_ROWS_TO_SPLIT = 50
STEPS_PER_SECOND = 30  # of the budget; a fused step of ten small networks takes under 1 ms
FLOPS_PER_SECOND = 1e9  # of the budget: a training may take about a fiftieth of it
FULL_BUDGET = 110.0  # seconds; more buys time for more trials, not longer ones
DEFAULT_STEPS = 600
DEFAULT_EPOCHS = (5, 100)


def split(
    x: Any, y: Array, validation: tuple[Any, Any] | None
) -> tuple[tuple[Any, Any], tuple[Any, Any], str, list[str]]:
    """Training rows and rows to score on; rows are drawn, the same ones every time."""
    n = len(y)
    order = np.random.default_rng(0).permutation(n)
    if validation is not None:
        test = _validation(x, y, validation)
        train = taken((x, y), np.sort(order[:MOST_ROWS]))
        return train, test, "validation data", []
    if n < LEAST_ROWS_TO_SPLIT:
        note = f"{n} rows are too few to hold some out, so the score is taken on the training rows"
        return (x, y), (x, y), "training rows", [note]
    held = order[: min(int(n * HELD_OUT), MOST_ROWS)]
    kept = order[int(n * HELD_OUT) :][:MOST_ROWS]
    note = "no validation data: a fifth of the rows is held out for the score"
    return taken((x, y), np.sort(kept)), taken((x, y), np.sort(held)), "held-out rows", [note]


def _validation(x: Any, y: Array, validation: Any) -> tuple[Any, Any]:
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise DiagnoseError("validation_data must be a pair (x, y)")
    x_test = each(checked_data("validation x", validation[0]), as_columns)
    y_test = checked_data("validation y", validation[1])
    same_length(x_test, y_test, "validation x and y")
    for ours, theirs, name in ((x, x_test, "x"), (y, y_test, "y")):
        if [a.shape[1:] for a in leaves(ours)] != [a.shape[1:] for a in leaves(theirs)]:
            raise DiagnoseError(
                f"validation {name} has shape {shapes(theirs)}, training {name} {shapes(ours)}; "
                "all but the number of rows must agree"
            )
    order = np.random.default_rng(1).permutation(len(y_test))[:MOST_ROWS]
    return taken((x_test, y_test), np.sort(order))


def default_epochs(rows: int, batch_size: int) -> int:
    """Epochs that take about 600 steps."""
    least, most = DEFAULT_EPOCHS
    return int(np.clip(round(DEFAULT_STEPS / math.ceil(rows / batch_size)), least, most))


def affordable(
    model: "keras.Model", train: tuple[Any, Any], epochs: int,
    batch_size: int, seeds: int, budget: float,
) -> tuple[int, int]:  # fmt: skip
    """Rows and epochs of one training that the budget pays for; the same on every machine."""
    budget = min(budget, FULL_BUDGET)
    rows = len(train[1])
    visits = FLOPS_PER_SECOND * budget / (6 * max(_products(model), 1) * seeds)
    if rows * min(epochs, 3) > visits:
        rows = min(rows, max(256, int(visits) // min(epochs, 3)))
    rows = min(rows, max(256, int(STEPS_PER_SECOND * budget) * batch_size))
    steps = math.ceil(rows / batch_size)
    most = max(1, min(int(visits) // rows, int(STEPS_PER_SECOND * budget) // steps))
    return rows, min(epochs, most)


def _products(model: "keras.Model") -> int:
    """Multiplications of one row's forward pass: each kernel's entries, times its positions."""
    total = 0
    for layer in model._flatten_layers(include_self=False):
        weights = [v for v in layer.trainable_variables if "kernel" in v.name]
        positions = 1
        shape = _shape_of(layer)
        if shape is not None and len(shape) > 2 and weights:
            positions = math.prod(int(side or 1) for side in shape[1:-1])
        if not getattr(layer, "_layers", None):
            total += positions * sum(math.prod(v.shape) for v in weights)
    return total


def _shape_of(layer: Any) -> tuple[int | None, ...] | None:
    try:
        output = layer.output
        # a recurrent layer works through its input's steps, whatever it returns
        recurrent = hasattr(layer, "return_sequences")
        return tuple(layer.input.shape if recurrent else output.shape)
    except (AttributeError, ValueError):
        return None
