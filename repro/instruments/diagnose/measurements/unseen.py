"""Find the places of an input from which no path of the network leads to its output."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.baselines import linear_skill, neighbour_skill
from repro.instruments.diagnose.measurements.steps import in_weights_precision
from repro.instruments.diagnose.setup.anatomy import has_own_steps
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.sequences import single_input
from repro.instruments.diagnose.setup.setup import Setup

ROWS = 64
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional")
BLIND = ("GlobalMaxPooling1D", "GlobalMaxPooling2D", "Max", "TopK", "Argmax")
"""Layers whose gradient is 0 though they read: of all but the largest."""
CHANGED = 1e-6  # of the largest prediction: what changes by less is rounding


@dataclass(frozen=True)
class Unseen:
    """Inputs that the output doesn't depend on, and what baselines lose without them.

    Attributes:
        share: the share of the numbers of a row.
        lost: the skill of the better baseline that goes with them.
    """

    share: float
    lost: float


def find_unseen(setup: Setup) -> Unseen | None:
    """Return what the network can't see of a row; None if it sees all, or that can't be told."""
    x = single_input(setup)
    kinds = {type(operation).__name__ for operation in setup.operations}
    if x is None or setup.task.per_step or kinds & set(BLIND):
        return None
    is_recurrent = bool(kinds & set(RECURRENT))
    reached = _seen_steps(setup, x) if is_recurrent else _find_reached(setup, x.shape[1:])
    if reached is None or reached.all() or not reached.any():
        return None
    kept = _best_baseline(setup, np.ones(reached.shape, bool))
    return Unseen(float((~reached).mean()), kept - _best_baseline(setup, reached))


def _seen_steps(setup: Setup, x: Array) -> Array | None:
    """Return which numbers of a row belong to steps up to the last one that predictions depend on.

    Of steps long ago the gradient of a recurrent layer is next to 0, and so may be their effect;
    that of the last ones isn't, unless the layer's output of an early step is taken.
    """
    model: Any = setup.build()
    if has_own_steps(model) or x.ndim not in (2, 3):
        return None
    rows = np.array(in_weights_precision(model, setup.train)[0][:ROWS])
    try:
        first = np.asarray(model(rows, training=False))
        stop = _last_seen(lambda start: _is_changed(model, rows, first, start), rows.shape[1])
    except Exception:  # whatever TensorFlow says of rows that the model can't take
        return None
    reached = np.zeros(x.shape[1:], bool)
    reached[:stop] = True
    return reached.reshape(-1)


def _is_changed(model: Any, rows: Array, first: Array, start: int) -> bool:
    """Tell whether predictions change if the steps from this one on change places among rows."""
    changed = rows.copy()
    changed[:, start:] = np.roll(changed[:, start:], 1, axis=0)
    distance = np.abs(np.asarray(model(changed, training=False)) - first).max()
    return bool(distance > CHANGED * np.abs(first).max())


def _last_seen(is_seen_from: Callable[[int], bool], steps: int) -> int:
    """Return the number of steps behind which none is seen, by bisection."""
    low, high = 0, steps
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if is_seen_from(middle) else (low, middle)
    return low


def _find_reached(setup: Setup, shape: tuple[int, ...]) -> Array | None:
    """Return which numbers of a row the output has a gradient in, of rows drawn at random.

    Rows of the user's may be so large that units saturate, which says nothing of the paths.
    """
    import tensorflow as tf

    model: Any = setup.build()
    if has_own_steps(model):
        return None
    rows = np.random.default_rng(0).normal(size=(ROWS, *shape)).astype("float32")
    inputs = tf.constant(rows)
    try:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = model(inputs, training=False)
        gradient = tape.gradient(outputs, inputs)
    except Exception:  # a model that doesn't take such rows
        return None
    if gradient is None:
        return None
    return np.asarray((np.asarray(gradient) != 0).any(axis=0).reshape(-1))


def _best_baseline(setup: Setup, reached: Array) -> float:
    pairs = [
        (np.reshape(x, (len(x), -1))[:, reached], y)
        for x, y in ((setup.train[0], setup.train[1]), (setup.test[0], setup.test[1]))
    ]
    return float(np.fmax(linear_skill(setup.task, *pairs), neighbour_skill(setup.task, *pairs)))
