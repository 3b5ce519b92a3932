"""Labels that a loss of class numbers can not take, found before any training."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.models.functional import Functional
from numpy.typing import NDArray

SPARSE = "sparse_categorical_crossentropy"


def check_labels(model: keras.Model, y: Any, *, name: str) -> None:
    """Raise ValueError if labels lie outside of the classes that an output has.

    `fit` would find out at the batch that holds the first of them. Compiled by XLA, as on a GPU,
    the loss takes every label.

    Args:
        model: compiled, with outputs that are known.
        y: all targets.
        name: of the argument that they are given as.
    """
    if model.jit_compile or not isinstance(model, keras.Sequential | Functional):
        return
    for loss, labels, units in _losses(model, y):
        classes = _classes(labels, getattr(loss, "ignore_class", None))
        if classes.size and not 0 <= classes.min() <= classes.max() < units:
            raise ValueError(
                f"{name} has labels from {classes.min()} to {classes.max()}, and {SPARSE} takes "
                f"0 to {units - 1}, as the output has {units} units: {_remedy(classes)}"
            )


def _losses(model: keras.Model, y: Any) -> Iterator[tuple[Any, tf.Tensor, int]]:
    """Yield each loss of class numbers, the targets that it is given and the number of classes."""
    for place, output in enumerate(_outputs(model)):
        key = model.output_names[place] if len(model.outputs) > 1 else None
        loss, labels = (_part(structure, place, key) for structure in (model.loss, y))
        is_known = isinstance(labels, tf.Tensor) and labels.dtype != tf.string
        if _is_sparse(loss) and is_known and output.shape[-1] is not None:
            yield loss, labels, output.shape[-1]


def _outputs(model: keras.Model) -> list[Any]:
    """Return a model's symbolic outputs, if it has them and the user has put nothing else there."""
    outputs = getattr(model, "outputs", None)
    are_symbolic = isinstance(outputs, list) and all(
        isinstance(output, keras.KerasTensor) for output in outputs
    )
    return outputs if are_symbolic and model.built else []  # type: ignore[return-value]


def _part(structure: Any, place: int, key: str | None) -> Any:
    """Return what a structure has for an output; None where that can not be told."""
    if isinstance(structure, dict):
        return structure.get(key)
    if isinstance(structure, list | tuple):
        return structure[place] if len(structure) > place else None
    return structure if key is None else None


def _is_sparse(loss: Any) -> bool:
    try:
        loss = keras.losses.get(loss)
    except (TypeError, ValueError):  # which compiling has told
        return False
    own = keras.losses.SparseCategoricalCrossentropy
    return type(loss) is own or loss is keras.losses.sparse_categorical_crossentropy


def _classes(labels: tf.Tensor, ignored: int | None) -> NDArray[np.int64]:
    numbers = np.asarray(labels)
    classes = numbers[np.isfinite(numbers)].astype(np.int64)  # cut, as the loss cuts them
    return classes if ignored is None else classes[classes != ignored]


def _remedy(classes: NDArray[np.int64]) -> str:
    if classes.min() < 0:
        return "np.unique(y, return_inverse=True)[1] counts the classes from 0"
    return (
        f"give the last layer {classes.max() + 1} units, or count the classes from 0, as "
        "np.unique(y, return_inverse=True)[1] does"
    )
