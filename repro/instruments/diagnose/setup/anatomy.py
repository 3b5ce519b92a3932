"""Which layers a Keras model has, what activates them, and what it was compiled with."""

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
"""What an activation can put out; all others: any number."""
CLIPPED = ("relu", "relu6")
SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "softsign")
PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid")
GRID = np.array([-3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 3.0], "float32")


@dataclass(frozen=True)
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
        """Whether it is dense or a convolution: sums, then one activation."""
        return self.kind == "Dense" or self.kind.startswith("Conv")


@dataclass(frozen=True)
class Compiled:
    """What `compile` was given; `rate` at step 0, `momentum` 0 where there is none."""

    optimizer: str
    rate: float
    momentum: float
    loss: str
    from_logits: bool
    wants_accuracy: bool


@dataclass(frozen=True)
class Trace:
    """A functional model with all its operations in the order in which they run."""

    operations: list[Any]
    outputs: list[Any]
    model: "keras.Model"


def is_graph(model: "keras.Model") -> bool:
    """Whether the model's graph of layers is known: Sequential and Functional, built."""
    import keras

    return isinstance(model, keras.Sequential | keras.src.models.Functional) and bool(model.inputs)


def graph(model: "keras.Model") -> "keras.Model":
    """The model as a functional one that isn't compiled; it shares all layers."""
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


def sites(model: "keras.Model") -> list[Site]:
    """Return the layers with weights that compute sums: dense, convolutions, recurrent ones."""
    if not is_graph(model):
        return []
    return sites_of(trace(model).operations)


def sites_of(operations: list[Any]) -> list[Site]:
    """As `sites`, of operations in the order in which they run."""
    weighted = [i for i, operation in enumerate(operations) if _has_sums(operation)]
    counts: dict[str, int] = {}
    found = []
    for place, start in enumerate(weighted):
        stop = weighted[place + 1] if place + 1 < len(weighted) else len(operations)
        at, name = _activated(operations, start, stop)
        kind = type(operations[start]).__name__
        counts[kind] = counts.get(kind, 0) + 1
        # behind the output no weights follow; what has some is a layer of a kind not known here
        rest = operations[start + 1 :]
        last = place + 1 == len(weighted) and not any(getattr(op, "weights", ()) for op in rest)
        label = f"{kind} {counts[kind]}"
        units = _units(operations[start])
        found.append(Site(start, at, kind, label, units, name, last))
    return found


def _has_sums(operation: Any) -> bool:
    import keras

    layers = keras.layers
    recurrent = (layers.LSTM, layers.GRU, layers.SimpleRNN)
    return hasattr(operation, "kernel") or isinstance(operation, recurrent)


def _units(layer: Any) -> int:
    return int(getattr(layer, "units", None) or getattr(layer, "filters", None) or 1)


def _activated(operations: list[Any], start: int, stop: int) -> tuple[int, str]:
    own = activation_name(getattr(operations[start], "activation", None))
    if own != "linear":
        return start, own
    for i in range(start + 1, stop):
        name = operation_name(operations[i])
        if name:
            return i, name
    return start, "linear"


def operation_name(operation: Any) -> str:
    """The activation that an operation is, or "" if it is something else."""
    import keras

    if isinstance(operation, keras.layers.Activation):
        return activation_name(operation.activation)
    name = type(operation).__name__
    names = {"ReLU": "relu", "Relu": "relu", "LeakyReLU": "leaky_relu", "Softmax": "softmax"}
    names |= {"ELU": "elu", "PReLU": "prelu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Gelu": "gelu"}
    return names.get(name, "")


def activation_name(function: Callable[[Any], Any] | None) -> str:
    """Keras' name of an activation; a function of the user's is known by what it returns."""
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
    return name


def compiled(model: "keras.Model") -> Compiled:
    """Read what a compiled model was compiled with."""
    optimizer = model.optimizer
    return Compiled(
        type(optimizer).__name__,
        float(np.asarray(optimizer.learning_rate)),
        float(getattr(optimizer, "momentum", 0.0) or 0.0),
        loss_name(model.loss),
        bool(getattr(model.loss, "from_logits", False) or _logits_kept(model.loss)),
        "acc" in repr(compile_arguments(model)["metrics"]).lower(),
    )


def loss_name(loss: Any) -> str:
    """A loss's name in snake case; several losses' names joined by commas."""
    import keras

    if isinstance(loss, dict | list | tuple):
        values = loss.values() if isinstance(loss, dict) else loss
        return ",".join(map(loss_name, values))
    if loss is None:
        return "none"
    try:
        loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    except ValueError:
        return str(loss)
    name = getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__)
    return {"mse": "mean_squared_error", "mae": "mean_absolute_error"}.get(str(name), str(name))


def _logits_kept(loss: Any) -> bool:
    return bool(getattr(loss, "_fn_kwargs", {}).get("from_logits", False))


def compile_arguments(model: "keras.Model") -> dict[str, Any]:
    """The very objects that `compile` was given; Keras' public config knows only copies of them."""
    kept = getattr(model, "_compile_config", None)
    arguments = dict(getattr(kept, "config", {}))
    return {"loss": model.loss, "loss_weights": None, "metrics": None} | arguments
