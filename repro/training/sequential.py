"""Train seeds one after the other with `keras.Model.fit`: the slow way that is always right."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def train_epoch(
    model: keras.Model, x: Any, y: Any, order: NDArray[np.integer], **fit: Any
) -> dict[str, float]:
    """Train one epoch in the given sample order; returns Keras' history of it.

    Args:
        model: compiled; trained in place.
        x: inputs, a tensor of shape (n, …) or a structure of them.
        y: targets, likewise.
        order: the n samples' order.
        fit: further arguments of `keras.Model.fit`, validation data among them.
    """
    in_order = keras.tree.map_structure(lambda a: np.asarray(a)[order], (x, y))
    history = model.fit(*in_order, shuffle=False, verbose=0, **fit).history
    return {name: values[-1] for name, values in history.items()}


def state(model: keras.Model) -> list[NDArray[Any]]:
    """Return the model's variables: trainable, non-trainable, then the optimizer's."""
    variables = model.trainable_variables + model.non_trainable_variables
    return [np.asarray(v) for v in (*variables, *model.optimizer.variables)]
