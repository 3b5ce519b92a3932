"""Find weights that the predictions are made with, and that Keras doesn't know and so never trains.

Keras finds the weights that `add_weight` makes, and those of layers that are attributes of a layer
or a model. A `tf.Variable`, or a layer inside of a function, takes part and stays as it was drawn.
"""

from dataclasses import dataclass
from typing import Any

from repro.instruments.diagnose.setup.arrays import first_rows
from repro.instruments.diagnose.setup.setup import Setup

ROWS = 2


@dataclass(frozen=True)
class Untracked:
    """Weights that no optimizer is told of.

    Attributes:
        names: what they are called, in the order in which the model knows them.
        numbers: how many numbers they hold.
    """

    names: tuple[str, ...]
    numbers: int


def find_untracked(setup: Setup) -> Untracked | None:
    """Return the weights that take part and aren't known; None if there are none."""
    variables = untracked_variables(setup.build(), setup.train[0])
    if not variables:
        return None
    names = tuple(v.name.partition(":")[0] for v in variables)
    return Untracked(names, sum(int(v.shape.num_elements()) for v in variables))


def untracked_variables(model: Any, x: Any) -> list[Any]:
    """Return TensorFlow's variables that predictions depend on and that the model doesn't list."""
    import tensorflow as tf

    known = {id(variable.value) for variable in model.variables}
    with tf.GradientTape() as tape:
        try:
            model(first_rows(x, ROWS), training=False)
        except Exception:  # rows that it can't take are looked at elsewhere
            return []
    return [v for v in tape.watched_variables() if id(v) not in known and v.dtype.is_floating]
