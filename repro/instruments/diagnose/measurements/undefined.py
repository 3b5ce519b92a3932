"""Find rows whose loss is a number and whose gradient is none, as at a root or a norm of 0."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.measurements.steps import in_weights_precision
from repro.instruments.diagnose.setup.anatomy import has_own_steps
from repro.instruments.diagnose.setup.arrays import Array, select_rows
from repro.instruments.diagnose.setup.setup import Setup

if TYPE_CHECKING:
    import keras

CHUNK = 256  # rows that are looked at together, and halved while their gradient is NaN
MOST_LOOKS = 400


@dataclass(frozen=True)
class Undefined:
    """The training rows whose gradient is NaN in the first weights, though their loss is finite."""

    rows: tuple[int, ...]


def find_undefined(setup: Setup) -> Undefined | None:
    """Return such rows; None if there are none, or more than can be looked for."""
    model = setup.build()
    if has_own_steps(model):
        return None
    data = in_weights_precision(model, setup.train)
    count = len(data[1])
    waiting = [np.arange(count)[i : i + CHUNK] for i in range(0, count, CHUNK)]
    rows_found: list[int] = []
    for _ in range(MOST_LOOKS):
        if not waiting:
            break
        rows = waiting.pop()
        try:
            is_defined = has_gradient(model, *select_rows(data, rows))
        except Exception:  # whatever TensorFlow says of labels and shapes that don't fit
            return None
        if not is_defined and len(rows) > 1:
            waiting += np.array_split(rows, 2)
        elif not is_defined:
            rows_found.append(int(rows[0]))
    return Undefined(tuple(sorted(rows_found))) if rows_found and not waiting else None


def has_gradient(model: "keras.Model", x: Any, y: Array) -> bool:
    """Tell whether the gradient of these rows' loss is a number, or the loss itself is none."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=False), training=False)
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
    known = [np.asarray(g) for g in gradients if g is not None and not hasattr(g, "indices")]
    return not np.isfinite(float(loss)) or not any(np.isnan(g).any() for g in known)
