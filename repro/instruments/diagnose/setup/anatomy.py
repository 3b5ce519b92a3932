"""The layers of a Keras model, and what activates them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

REACH = {
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, np.inf),
    "exponential": (0.0, np.inf),
}
"""Least and largest value that an activation can put out; of all others it is any number."""
CLIPPED = ("relu", "relu6")
SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "softsign")
PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid")
NORMALIZATIONS = ("BatchNormalization", "LayerNormalization", "GroupNormalization")
ACROSS_ROWS = "softmax across rows"
OWN_STEPS = ("train_step", "test_step", "compute_loss", "compute_metrics")
GRID = np.array([-3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 3.0], "float32")


@dataclass(frozen=True, kw_only=True)
class Site:
    """A layer with weights, and the operation that activates it (which may be the layer itself).

    `position` and `activated_at` count the model's operations in the order in which they run:
    Keras renames layers with every build.
    """

    position: int
    activated_at: int
    kind: str
    label: str
    units: int
    activation: str
    is_output: bool

    @property
    def is_plain(self) -> bool:
        """True if it is dense or a convolution: sums, then one activation."""
        return self.kind == "Dense" or self.kind.startswith("Conv")

    @property
    def has_units(self) -> bool:
        """True if it may be given any number of units: dense, a convolution, or recurrent."""
        return self.is_plain or self.kind in ("LSTM", "GRU", "SimpleRNN")


@dataclass(frozen=True)
class Trace:
    """A functional model with all its operations in the order in which they run."""

    operations: list[Any]
    outputs: list[Any]
    model: "keras.Model"


def is_graph(model: "keras.Model") -> bool:
    """Tell whether the model's graph of layers is known: Sequential and Functional, built."""
    import keras

    is_kind = isinstance(model, keras.Sequential | keras.src.models.Functional)
    return is_kind and bool(getattr(model, "inputs", None))


def has_own_steps(model: "keras.Model") -> bool:
    """Tell whether the model trains or tests by steps of the user's own."""
    import keras

    return any(getattr(type(model), name) is not getattr(keras.Model, name) for name in OWN_STEPS)


def output_shapes(model: "keras.Model") -> list[tuple[int | None, ...]]:
    """Return the shape of what each operation puts out in this model, whatever others share it."""
    outputs = trace(model).outputs if is_graph(model) else []
    return [tuple(getattr(output, "shape", (None,))) for output in outputs]


def graph(model: "keras.Model") -> "keras.Model":
    """Return the model as a functional one that isn't compiled; it shares all layers."""
    import keras

    if isinstance(model, keras.Sequential):
        return keras.Model(model.inputs[0], model.outputs[0])
    return keras.Model(model.input, model.output)


def trace(model: "keras.Model") -> Trace:
    """Run through a model's graph; the traced model shares its layers."""
    import keras

    operations: list[Any] = []
    outputs: list[Any] = []

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        result = operation(*args, **kwargs)
        operations.append(operation)
        outputs.append(result)
        return result

    traced = keras.models.clone_model(
        graph(model), clone_function=lambda op: op, call_function=call
    )
    return Trace(operations, outputs, traced)


def watch(traced: Trace) -> Callable[[Any], list[list[Any]]]:
    """Return a function of inputs: what each operation puts out, and last the predictions."""
    import keras

    model = keras.Model(traced.model.input, [*traced.outputs, traced.model.output])
    return lambda x: [
        list(map(np.asarray, keras.tree.flatten(o))) for o in model(x, training=False)
    ]


def unread_inputs(model: "keras.Model") -> tuple[int, ...]:
    """Return the places of the inputs from which no path leads to any output."""
    if not is_graph(model) or len(model.inputs) < 2:
        return ()
    reached, waiting = set(), list(model.outputs)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in reached:
            continue
        reached.add(id(tensor))
        operation, node, _ = tensor._keras_history
        waiting += operation._inbound_nodes[node].input_tensors
    return tuple(i for i, tensor in enumerate(model.inputs) if id(tensor) not in reached)


def bypassed(model: "keras.Model") -> frozenset[int]:
    """Return the places of the operations that some path from an input to an output leaves out.

    The weights of an attention are such, a gate, one of two branches, and what a shortcut skips.
    """
    outputs = trace(model).outputs if is_graph(model) else []
    nodes = [_node(tensor) for tensor in outputs]
    return frozenset(i for i, node in enumerate(nodes) if _reaches_input(outputs[-1], node))


def _node(output: Any) -> Any:
    """Return the call that put this out, of several tensors the call of the first."""
    import keras

    operation, node, _ = keras.tree.flatten(output)[0]._keras_history
    return operation._inbound_nodes[node]


def _reaches_input(output: Any, closed: Any) -> bool:
    """Tell whether a path leads back to an input without passing this call."""
    import keras

    reached, waiting = {id(closed)}, [_node(part) for part in keras.tree.flatten(output)]
    while waiting:
        node = waiting.pop()
        if id(node) in reached:
            continue
        reached.add(id(node))
        if not node.input_tensors:
            return True
        waiting += [_node(tensor) for tensor in node.input_tensors]
    return False


def sites(model: "keras.Model") -> list[Site]:
    """Return the layers with weights that compute sums: dense, convolutions, recurrent ones."""
    if not is_graph(model):
        return []
    return find_sites(trace(model).operations)


def find_sites(operations: list[Any]) -> list[Site]:
    """Do the same as `sites`, for operations in the order in which they run."""
    weighted = [i for i, operation in enumerate(operations) if _has_sums(operation)]
    counts: dict[str, int] = {}
    found_sites = []
    for place, start in enumerate(weighted):
        stop = weighted[place + 1] if place + 1 < len(weighted) else len(operations)
        activated_at, activation = _find_activation(operations, start, stop)
        kind = type(operations[start]).__name__
        counts[kind] = counts.get(kind, 0) + 1
        # behind the output no weights follow; what has some is a layer of a kind not known here
        rest = operations[start + 1 :]
        last = place + 1 == len(weighted) and not any(_has_unknown_weights(op) for op in rest)
        found_sites.append(
            Site(
                position=start,
                activated_at=activated_at,
                kind=kind,
                label=f"{kind} {counts[kind]}",
                units=_units(operations[start]),
                activation=activation,
                is_output=last,
            )
        )
    return found_sites


def own_matrices(operations: list[Any]) -> list[Any]:
    """Return the trainable tables of weights in layers of the user's own, in their order."""
    own = [o for o in operations if not type(o).__module__.startswith("keras.")]
    variables = [v for o in own for v in getattr(o, "trainable_variables", ())]
    return [v for v in variables if len(v.shape) > 1]


def _has_unknown_weights(operation: Any) -> bool:
    is_known = type(operation).__name__ in NORMALIZATIONS
    return bool(getattr(operation, "weights", ())) and not is_known


def _has_sums(operation: Any) -> bool:
    import keras

    layers = keras.layers
    recurrent = (layers.LSTM, layers.GRU, layers.SimpleRNN)
    return hasattr(operation, "kernel") or isinstance(operation, recurrent)


def _units(layer: Any) -> int:
    return int(getattr(layer, "units", None) or getattr(layer, "filters", None) or 1)


def _find_activation(operations: list[Any], start: int, stop: int) -> tuple[int, str]:
    own = activation_name(getattr(operations[start], "activation", None))
    if own != "linear":
        return start, own
    for i in range(start + 1, stop):
        name = operation_name(operations[i])
        if name:
            return i, name
    return start, "linear"


def operation_name(operation: Any) -> str:
    """Return the activation that an operation is, or "" if it is something else."""
    import keras

    if isinstance(operation, keras.layers.Activation):
        return activation_name(operation.activation)
    if isinstance(operation, keras.layers.Softmax):
        rank = len(operation.output.shape)
        return "softmax" if operation.axis in (-1, rank - 1) else ACROSS_ROWS
    name = type(operation).__name__
    names = {"ReLU": "relu", "Relu": "relu", "LeakyReLU": "leaky_relu", "Softmax": "softmax"}
    names |= {"ELU": "elu", "PReLU": "prelu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Gelu": "gelu"}
    return names.get(name, "")


def activation_name(function: Callable[[Any], Any] | None) -> str:
    """Return Keras' name of an activation; a function of the user's is known by what it returns."""
    import keras

    if function is None:
        return "linear"
    name = getattr(function, "__name__", type(function).__name__)
    if hasattr(keras.activations, name):
        return str(name)
    try:
        values = np.asarray(function(keras.ops.convert_to_tensor(GRID)))
    except Exception:  # whatever the user's function is, it isn't one of those
        return name
    for known in ("relu", "sigmoid", "tanh", "linear", "softplus", "relu6"):
        if np.allclose(values, getattr(keras.activations, known)(GRID), atol=1e-6):
            return known
    return _softmax_name(function) or name


def _softmax_name(function: Callable[[Any], Any]) -> str:
    """Return what kind of softmax a function of the user's is; "" if it is none."""
    import keras

    table = np.stack([GRID, GRID**2])
    exponents = np.exp(table)
    try:
        values = np.asarray(function(keras.ops.convert_to_tensor(table)))
    except Exception:  # as above
        return ""
    for axis, name in ((1, "softmax"), (0, ACROSS_ROWS)):
        softmax = exponents / exponents.sum(axis=axis, keepdims=True)
        if values.shape == softmax.shape and np.allclose(values, softmax, atol=1e-5):
            return name
    return ""
