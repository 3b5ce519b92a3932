"""Models and layers of classes of one's own, as a graph of the layers that they call.

What stands in a `call` of the user's, or in a model within the model, can then be read, measured
and changed like a layer of a functional model. A model is unfolded only where that changes nothing:
it has the same weights, predictions and losses, and calls the same layers in training.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
MODES = (False, True)  # of `training`
Unfold = Callable[["keras.Model"], "keras.Model"]


@contextmanager
def quietly() -> Iterator[None]:
    """Keep to itself what Keras warns of: the user is told by the model's own first call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def find_unfolding(model: "keras.Model", rows: Any) -> Unfold | None:
    """Return what unfolds models like this one; None if they are no other then, or not the same.

    Args:
        model: built for such rows. It is of no use afterwards.
        rows: a few inputs.
    """
    if has_own_steps(model):
        return None
    depth = next((depth for depth in DEPTHS if _can_be_unfolded(model, rows, depth)), None)
    return None if depth is None else lambda other: unfold(other, rows, depth)


def _can_be_unfolded(model: "keras.Model", rows: Any, depth: int) -> bool:
    try:
        unfolded = unfold(model, rows, depth)
        return unfolded is not model and _do_the_same(model, unfolded, rows)
    except Exception:  # whatever the user's `call` says of tensors without numbers
        return False


def unfold(model: "keras.Model", rows: Any, depth: int) -> "keras.Model":
    """Return the model as a compiled graph of single layers; itself if it is one already."""
    with functions_of_tensorflow():
        top = model if is_graph(model) else _graph_of_call(model, rows)
        for _ in range(depth):
            operations = trace(top).operations
            if not any(map(_is_composite, operations)):
                break
            top = _opened(top)
            if len(trace(top).operations) == len(operations):  # the rest can't be opened
                break
    return top if top is model else _compiled_like(model, top)


def _graph_of_call(model: Any, rows: Any) -> "keras.Model":
    import keras

    inputs = map_arrays(rows, _input_like)
    if isinstance(rows, dict):
        inputs = {name: _input_like(array, name) for name, array in rows.items()}
    return keras.Model(inputs, model.call(inputs))


def _input_like(values: Any, name: str | None = None) -> Any:
    """Return a symbolic input like an array or a tensor."""
    import keras

    kind = getattr(values.dtype, "kind", values.dtype)
    kinds = {"f": "float32", "i": "int32", "u": "int32", "b": "bool", "O": "string", "U": "string"}
    return keras.Input(values.shape[1:], dtype=kinds.get(kind, kind), name=name)


def _is_composite(operation: Any) -> bool:
    """Tell whether an operation only calls others: a model, a Lambda, or a layer of the user's."""
    import keras

    kinds = keras.Sequential | keras.src.models.Functional | keras.layers.Lambda
    if isinstance(operation, kinds) or _repeats_dense(operation):
        return True
    if not isinstance(operation, keras.Layer) or type(operation).__module__.startswith("keras."):
        return False
    inner = operation._flatten_layers(include_self=False)
    known = {id(v) for layer in inner for v in layer.weights}
    return known >= {id(v) for v in operation.weights} and not _takes(operation.call, "mask")


def _repeats_dense(operation: Any) -> bool:
    """Tell whether an operation gives a dense layer one step after the other: it takes all."""
    import keras

    is_repeated = isinstance(operation, keras.layers.TimeDistributed)
    return is_repeated and isinstance(operation.layer, keras.layers.Dense)


def _takes(function: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(function).parameters


def _opened(model: "keras.Model") -> "keras.Model":
    """Return the graph with the operations of each composite in its place, where that works."""
    import keras

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_composite(operation) or _asks_whether_training(operation, args):
            return operation(*args, **kwargs)
        # a functional model tells all of its layers whether it trains, whatever is noted here
        arguments = {name: value for name, value in kwargs.items() if name != "training"}
        if _repeats_dense(operation):
            return operation.layer(*args)
        try:
            return operation.call(*args, **arguments)
        except Exception:  # whatever its `call` says of tensors without numbers
            return operation(*args, **kwargs)

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


def _asks_whether_training(layer: Any, args: Any) -> bool:
    """Tell whether `call` goes another way in training, by an `if` that no graph keeps."""
    import keras

    if is_graph(layer) or not _takes(layer.call, "training"):
        return False
    inputs = keras.tree.map_structure(_input_like, tuple(args))
    try:
        with functions_of_tensorflow():
            outputs = [layer.call(*inputs, training=mode) for mode in MODES]
            graphs = [keras.Model(inputs, output) for output in outputs]
    except Exception:  # as above: then it can't be unfolded either
        return True
    kinds = [[type(o).__name__ for o in trace(model).operations] for model in graphs]
    return kinds[0] != kinds[1]


def _do_the_same(model: Any, other: Any, rows: Any) -> bool:
    """Compare weights, and what is put out and lost, in and outside of training."""
    weights = [{id(v) for v in m.trainable_variables} for m in (model, other)]
    return weights[0] == weights[1] and all(
        _are_close(_called(model, rows, training=mode), _called(other, rows, training=mode))
        for mode in MODES
    )


def _called(model: Any, rows: Any, *, training: bool) -> list[Any]:
    """Return predictions and losses; what the model draws and counts is as before afterwards."""
    import keras

    kept = [np.asarray(v).copy() for v in model.variables]
    keras.utils.set_random_seed(0)
    values = keras.tree.flatten([model(rows, training=training), model.losses])
    for variable, value in zip(model.variables, kept, strict=True):
        variable.assign(value)
    return values


def _are_close(first: list[Any], second: list[Any]) -> bool:
    return len(first) == len(second) and all(map(_is_close, first, second))


def _is_close(first: Any, second: Any) -> bool:
    first, second = np.asarray(first, float), np.asarray(second, float)
    return first.shape == second.shape and np.allclose(
        first, second, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True
    )
