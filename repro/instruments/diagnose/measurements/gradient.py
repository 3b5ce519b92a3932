"""Find the operation that lets no gradient through, so that what stands before it never learns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.steps import in_weights_precision
from repro.instruments.diagnose.setup.anatomy import has_own_steps, trace
from repro.instruments.diagnose.setup.arrays import select_rows
from repro.instruments.diagnose.setup.setup import Setup

ROWS = 32


@dataclass(frozen=True)
class Cut:
    """A gradient that doesn't get to all layers.

    Attributes:
        position: of the operation that lets none through.
        kind: its class.
        layers: labels of the layers before it that have weights.
    """

    position: int
    kind: str
    layers: tuple[str, ...]


def find_cut(setup: Setup) -> Cut | None:
    """Return where the gradient of the loss ends; None if it gets to all layers."""
    model = setup.build()
    if not setup.sites or has_own_steps(model):
        return None
    rows = np.arange(min(ROWS, len(setup.train[1])))
    pair = select_rows(in_weights_precision(model, setup.train), rows)
    try:
        reached, learning, carries = _reached(model, pair)
    except Exception:  # whatever TensorFlow says of labels and shapes that don't fit
        return None
    unreached = [site for site in setup.sites if not learning[site.position]]
    if not unreached:
        return None
    first = unreached[-1].position + 1
    # past the last that is reached, only the loss is left
    last = next((i for i in range(first, len(reached)) if reached[i]), len(reached))
    places = range(first, min(last + 1, len(reached)))
    position = next((i for i in places if not carries(i, unreached[-1].position)), last)
    is_loss = position == len(reached)
    kind = "the loss" if is_loss else type(setup.operations[position]).__name__
    return Cut(position, kind, tuple(site.label for site in unreached))


def _reached(
    model: Any, pair: tuple[Any, Any]
) -> tuple[list[bool], list[bool], Callable[[int, int], bool]]:
    """Tell of each operation whether the loss has a gradient in its output and in its weights.

    What has no weights to train counts as one that has such a gradient. The function tells whether
    what one operation puts out has a gradient in the weights of another.
    """
    import keras
    import tensorflow as tf

    traced = trace(model)
    watched = keras.Model(traced.model.input, [*traced.outputs, traced.model.output])
    weights = [list(getattr(o, "trainable_variables", ())) for o in traced.operations]
    with tf.GradientTape(persistent=True) as tape:
        *outputs, predictions = watched(pair[0], training=False)
        loss = model.compute_loss(x=pair[0], y=pair[1], y_pred=predictions, training=False)
    values = [[v.value for v in variables] for variables in weights]
    gradients, of_weights = tape.gradient(loss, [outputs, values])

    def carries(output: int, layer: int) -> bool:
        """An output that TensorFlow hasn't followed has no gradient of the loss either."""
        numbers = [t for t in keras.tree.flatten(outputs[output]) if t.dtype.is_floating]
        gradients = [g for t in numbers for g in tape.gradient(t, values[layer])]
        return any(gradient is not None for gradient in gradients)

    return (
        [gradient is not None for gradient in gradients],
        [not own or any(g is not None for g in own) for own in of_weights],
        carries,
    )
