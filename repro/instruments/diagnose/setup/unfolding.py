"""Models and layers of classes of one's own, as a graph of the layers that they call.

What stands in a `call` of the user's, or in a model within the model, can then be read, measured
and changed like a layer of a functional model. A model is unfolded only where that changes nothing:
it has the same weights, predictions and losses, and calls the same layers in training.
"""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.setup.anatomy import graph, has_own_steps, is_graph, trace
from repro.instruments.diagnose.setup.arrays import map_arrays
from repro.instruments.diagnose.setup.compiled import compile_arguments
from repro.instruments.diagnose.setup.symbolic import functions_of_tensorflow

if TYPE_CHECKING:
    import keras

DEPTHS = (8, 0)  # of layers within layers that are tried; of 0, only the model itself is unfolded
TOLERANCE = 1e-4
Unfold = Callable[["keras.Model"], "keras.Model"]


def find_unfolding(model: "keras.Model", rows: Any) -> Unfold | None:
    """Return what unfolds models like this one; None if they are no other then, or not the same.

    Args:
        model: built for such rows. It is of no use afterwards.
        rows: a few inputs.
    """
    if has_own_steps(model) or _asks_whether_training(model, rows):
        return None
    for depth in DEPTHS:
        try:
            unfolded = unfold(model, rows, depth)
            if unfolded is not model and _do_the_same(model, unfolded, rows):
                return lambda other, depth=depth: unfold(other, rows, depth)
        except Exception:  # whatever the user's `call` says of tensors without numbers
            continue
    return None


def unfold(model: "keras.Model", rows: Any, depth: int) -> "keras.Model":
    """Return the model as a compiled graph of single layers; itself if it is one already."""
    with functions_of_tensorflow():
        top = model if is_graph(model) else _graph_of_call(model, rows)
        for _ in range(depth):
            if not any(map(_is_composite, trace(top).operations)):
                break
            top = _opened(top)
    return top if top is model else _compiled_like(model, top)


def _graph_of_call(model: Any, rows: Any, **arguments: Any) -> "keras.Model":
    import keras

    inputs = map_arrays(rows, _input_like)
    if isinstance(inputs, dict):
        inputs = {name: keras.Input(t.shape[1:], dtype=t.dtype, name=name) for name, t in inputs.items()}
    return keras.Model(inputs, model.call(inputs, **arguments))


def _input_like(array: Any) -> Any:
    import keras

    kind = {"f": "float32", "i": "int32", "u": "int32", "b": "bool"}.get(array.dtype.kind, "string")
    return keras.Input(array.shape[1:], dtype=kind)


def _is_composite(operation: Any) -> bool:
    """Tell whether an operation is a model, or a layer of the user's that only calls layers."""
    import keras

    if isinstance(operation, keras.Sequential | keras.src.models.Functional):
        return True
    if not isinstance(operation, keras.Layer) or type(operation).__module__.startswith("keras."):
        return False
    layers = list(operation._flatten_layers(include_self=False))
    inner = {id(v) for layer in layers for v in layer.weights}
    takes_mask = "mask" in inspect.signature(operation.call).parameters
    return bool(layers) and inner >= {id(v) for v in operation.weights} and not takes_mask


def _opened(model: "keras.Model") -> "keras.Model":
    """Return the graph with the layers of each composite in its place."""
    import keras

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        is_fixed = kwargs.get("training") is not None
        if is_fixed or not _is_composite(operation):
            return operation(*args, **kwargs)
        return operation.call(*args, **kwargs)

    return keras.models.clone_model(
        graph(model), clone_function=lambda operation: operation, call_function=call
    )


def _compiled_like(model: "keras.Model", unfolded: "keras.Model") -> "keras.Model":
    arguments = compile_arguments(model)
    unfolded.compile(
        optimizer=model.optimizer,
        loss=arguments["loss"],
        loss_weights=arguments["loss_weights"],
        metrics=arguments["metrics"],
    )
    return unfolded


def _asks_whether_training(model: Any, rows: Any) -> bool:
    """Tell whether `call` goes another way in training, by an `if` that no graph keeps."""
    if is_graph(model) or "training" not in inspect.signature(model.call).parameters:
        return False
    try:
        with functions_of_tensorflow():
            kinds = [
                [type(o) for o in trace(_graph_of_call(model, rows, training=on)).operations]
                for on in (False, True)
            ]
    except Exception:  # as above: then it can't be unfolded either
        return True
    return kinds[0] != kinds[1]


def _do_the_same(model: Any, other: Any, rows: Any) -> bool:
    import keras

    weights = [{id(v) for v in m.trainable_variables} for m in (model, other)]
    values = [keras.tree.flatten([m(rows), m.losses]) for m in (model, other)]
    is_alike = len(values[0]) == len(values[1])
    return weights[0] == weights[1] and is_alike and all(map(_are_close, *values))


def _are_close(first: Any, second: Any) -> bool:
    first, second = np.asarray(first, float), np.asarray(second, float)
    return first.shape == second.shape and np.allclose(
        first, second, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
    )
