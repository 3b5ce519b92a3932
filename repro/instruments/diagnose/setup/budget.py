"""The rows and epochs of one training that the budget pays for: the same on every machine."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

STEPS_PER_SECOND = 30  # of the budget; a fused step of ten small networks takes under 1 ms
FLOPS_PER_SECOND = 2e9  # of the budget: a training may take about a twentieth of it
SHARE_OF_TRAINING = 10  # as a part of the budget: a twentieth, and twice that beside other work
FULL_BUDGET = 110.0  # seconds; more buys time for more trials, not longer ones
FEWEST_ROWS = 256
FEWEST_SEEDS = 4  # large networks are trained from fewer seeds, rather than for fewer steps
WATCHED_PRODUCTS = 5e7  # of a measurement; in its first steps a network is measured often
FEWEST_WATCHED = 128
DEFAULT_STEPS = 600
DEFAULT_EPOCHS = (5, 100)


def default_epochs(rows: int, batch_size: int) -> int:
    """Return the epochs that take about 600 steps."""
    fewest, longest = DEFAULT_EPOCHS
    return int(np.clip(round(DEFAULT_STEPS / math.ceil(rows / batch_size)), fewest, longest))


def affordable_seeds(
    model: "keras.Model", *, rows: int, epochs: int, seeds: int, budget: float
) -> int:
    """Return from how many of the seeds all rows and epochs can be trained; 4 if from none."""
    visits = FLOPS_PER_SECOND * min(budget, FULL_BUDGET) / (6 * max(_products(model), 1))
    return int(np.clip(int(visits) // (rows * epochs), min(FEWEST_SEEDS, seeds), seeds))


def affordable(
    model: "keras.Model", *, rows: int, epochs: int, batch_size: int, seeds: int, budget: float
) -> tuple[int, int]:
    """Return how many of the rows and epochs one training over the seeds can have."""
    budget = min(budget, FULL_BUDGET)
    steps_paid = int(STEPS_PER_SECOND * budget)
    visits = FLOPS_PER_SECOND * budget / (6 * max(_products(model), 1) * seeds)
    if rows * min(epochs, 3) > visits:
        rows = min(rows, max(FEWEST_ROWS, int(visits) // min(epochs, 3)))
    rows = min(rows, max(FEWEST_ROWS, steps_paid * batch_size))
    steps = math.ceil(rows / batch_size)
    longest = max(1, min(int(visits) // rows, steps_paid // steps))
    return rows, min(epochs, longest)


def seconds_of_steps(model: "keras.Model", *, steps: int, visits: int) -> float:
    """Return what the steps of a training take, without what is done once, such as its tracing.

    Args:
        model: the network, without recurrent layers.
        steps: how many steps are taken.
        visits: rows that all seeds see in them.
    """
    flops = 6 * _products(model) * visits
    return max(steps / STEPS_PER_SECOND, flops / FLOPS_PER_SECOND) / SHARE_OF_TRAINING


def watched_rows(model: "keras.Model", limit: int) -> int:
    """Return how many rows are measured at every checkpoint: fewer of a network that costs much."""
    return int(np.clip(WATCHED_PRODUCTS // max(_products(model), 1), FEWEST_WATCHED, limit))


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
