"""Backpropagation through a chain of Dense layers, with a mistake in it if asked for.

With z_k = a_(k-1) W_k + b_k, a_k = f_k(z_k), a_0 = x and the loss L, backpropagation computes

    delta_k = dL/da_k * f_k'(z_k)     dL/dW_k = a_(k-1)^T delta_k     dL/db_k = sum of delta_k
    dL/da_(k-1) = delta_k W_k^T

An alteration changes one of these, and whatever it changes is passed on to the layers below.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from repro.instruments.gradient_audit.parameters import Array
from repro.instruments.gradient_audit.reference import Measure

if TYPE_CHECKING:
    import keras

# Hand-written code may multiply an error by f'(z); 1; f'(z)^2; f'(f(z)); with the formula that
# gives f' from the output, g(f(z)) = f'(z), g(z); f'(z) with another value where z is exactly 0.
Rule = Literal["right", "missing", "twice", "at output", "of input", "1 at zero", "1/2 at zero"]
# In dL/dW it may multiply by a_(k-1); 1 where that is positive, else 0; z_(k-1).
Signal = Literal["activation", "mask", "pre-activation"]


@dataclass(frozen=True)
class DenseLayer:
    """A Dense layer: the positions of its parameters, and its activation with what follows it."""

    kernel: int
    bias: int | None
    activation: Callable[[Any], Any]


@dataclass(frozen=True)
class Alteration:
    """One mistake: per layer (from 1), the rule in its own update and in the errors passed back.

    `inputs` holds arrays that stand in place of a layer's input in its update, `scaled` the layers
    whose weights do; `transposed` the layers whose weights are passed back through as they are,
    where their transpose belongs; `bias_row` the one row whose errors alone move the biases.
    """

    label: str
    update: Mapping[int, Rule] = field(default_factory=dict)
    passed: Mapping[int, Rule] = field(default_factory=dict)
    signal: Signal = "activation"
    updated_weights: bool = False
    inputs: Mapping[int, Array] = field(default_factory=dict)
    scaled: frozenset[int] = frozenset()
    transposed: frozenset[int] = frozenset()
    bias_row: int | None = None

    @property
    def is_mix_up(self) -> bool:
        """True if an array is taken for another."""
        return bool(self.inputs or self.scaled or self.transposed or self.bias_row is not None)


RIGHT = Alteration("none")


def dense_chain(model: "keras.Model") -> tuple[list[Any], list[DenseLayer]] | None:
    """Read a chain of Dense layers: (the layers before it, the chain), or None for other models.

    Layers without weights that follow a Dense layer (Activation, LeakyReLU) join its activation.
    """
    import keras

    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    in_front: list[Any] = []
    groups: list[list[Any]] = []
    for layer in layers:
        if isinstance(layer, keras.layers.Dense):
            groups.append([layer])
        elif layer.weights:
            return None
        else:
            (groups[-1] if groups else in_front).append(layer)
    position = {id(variable): i for i, variable in enumerate(model.trainable_variables)}
    trained = all(id(weight) in position for dense, *_ in groups for weight in dense.weights)
    if not groups or not trained or not _in_a_row(model, layers):
        return None
    return in_front, [_dense_layer(group, position) for group in groups]


def dense_stack(
    model: "keras.Model | None", values: Sequence[Array], x: Array, measure: Measure
) -> "DenseStack | None":
    """Run a model that is a chain of Dense layers forward; None if it is anything else."""
    chain = None if model is None else dense_chain(model)
    if chain is None:
        return None
    in_front, layers = chain
    for layer in in_front:
        x = np.asarray(layer(x))
    return DenseStack(layers, values, x, measure) if x.ndim == 2 else None


def _in_a_row(model: "keras.Model", layers: Sequence[Any]) -> bool:
    """Return whether each layer reads the output of the one before it, and nothing else."""
    import keras

    if isinstance(model, keras.Sequential) or not model.inputs:
        return isinstance(model, keras.Sequential)
    fed = [model.inputs[0], *(layer.output for layer in layers)]
    read = [*(layer.input for layer in layers), model.outputs[0]]
    return all(output is taken_in for output, taken_in in zip(fed, read, strict=True))


def _dense_layer(group: Sequence[Any], position: Mapping[int, int]) -> DenseLayer:
    dense, *followers = group

    def activation(z: Any) -> Any:
        a = dense.activation(z)
        for layer in followers:
            a = layer(a)
        return a

    bias = position[id(dense.bias)] if dense.use_bias else None
    return DenseLayer(position[id(dense.kernel)], bias, activation)


class DenseStack:
    """The forward pass of a chain at given parameters, ready for backpropagation of any sort.

    `x` has shape (n, inputs); `signals[k]` and `inputs[k - 1]` are a_k and z_k, (n, units of k).
    """

    def __init__(
        self, layers: Sequence[DenseLayer], values: Sequence[Array], x: Array, measure: Measure
    ) -> None:
        self.layers = layers
        self.values = values
        self.signals: list[Array] = [x]
        self.inputs: list[Array] = []
        for layer in layers:
            bias = 0.0 if layer.bias is None else values[layer.bias]
            self.inputs.append(self.signals[-1] @ values[layer.kernel] + bias)
            self.signals.append(np.asarray(layer.activation(self.inputs[-1])))
        last = layers[-1].activation
        self.output_error = _pull_back(measure, self.signals[-1])
        # Derived in one go, so that Keras's cross-entropy sees the logits as it does in training.
        self.output_delta = _pull_back(lambda z: measure(last(z)), self.inputs[-1])
        self.slopes = [
            _slope(layer.activation, z) for layer, z in zip(layers, self.inputs, strict=True)
        ]

    def gradients(
        self, alteration: Alteration, updated: Sequence[Array | None]
    ) -> dict[int, Array]:
        """Backpropagate with one alteration: position of the parameter -> gradient.

        `updated` holds the parameters after the step, for errors that pass through those.
        """
        weights = updated if alteration.updated_weights else self.values
        gradients: dict[int, Array] = {}
        error = self.output_error
        for k, layer in reversed(list(enumerate(self.layers, start=1))):
            rule = alteration.update.get(k, "right")
            delta = self._delta(k, error, rule)
            gradients[layer.kernel] = self._kernel_gradient(k, delta, alteration)
            if layer.bias is not None:
                row = alteration.bias_row
                gradients[layer.bias] = delta.sum(axis=0) if row is None else delta[row]
            kernel = weights[layer.kernel]
            if kernel is None:
                break
            back = kernel if k in alteration.transposed else kernel.T
            error = self._delta(k, error, alteration.passed.get(k, rule)) @ back
        return gradients

    def _kernel_gradient(self, k: int, delta: Array, alteration: Alteration) -> Array:
        """Return the gradient of a layer's weights: its input times its error, rows added up."""
        if k in alteration.scaled:
            return self.values[self.layers[k - 1].kernel] * delta.sum(axis=0)
        signal = alteration.inputs.get(k)
        return (self._signal(k - 1, alteration.signal) if signal is None else signal).T @ delta

    def square_layers(self) -> list[int]:
        """Return the layers above the first whose weights could be transposed by mistake."""
        shapes = [self.values[layer.kernel].shape for layer in self.layers]
        return [k for k, (rows, columns) in enumerate(shapes, 1) if k > 1 and rows == columns > 1]

    def other_inputs(self) -> list[tuple[int, int]]:
        """Return (layer, other): the output of the other (0: the inputs) would fit its weights."""
        widths = [signal.shape[1] for signal in self.signals]
        numbers = range(len(self.signals))
        return [
            (k, j)
            for k in numbers[1:]
            for j in numbers
            if j != k - 1 and widths[j] == widths[k - 1]
        ]

    def _signal(self, k: int, signal: Signal) -> Array:
        """Return the signal that stands for the output of layer k in the next layer's update."""
        if k == 0 or signal == "activation":
            return self.signals[k]
        return np.heaviside(self.signals[k], 0.0) if signal == "mask" else self.inputs[k - 1]

    def _delta(self, k: int, error: Array, rule: Rule) -> Array:
        """Turn dL/da of layer k into what passes for dL/dz under a rule."""
        if rule in ("right", "twice"):
            is_last = k == len(self.layers)
            activation, z = self.layers[k - 1].activation, self.inputs[k - 1]
            right = self.output_delta if is_last else _pull_back(activation, z, error)
            return right if rule == "right" else right * self.slopes[k - 1]
        return error * self._factor(k, rule)

    def _factor(self, k: int, rule: Rule) -> Array:
        """Return what a rule puts in the place of f'(z_k)."""
        activation, z, slope = self.layers[k - 1].activation, self.inputs[k - 1], self.slopes[k - 1]
        if rule == "missing":
            return np.ones_like(slope)
        if rule == "twice":
            return slope**2
        if rule == "at output":
            return _slope(activation, self.signals[k])
        if rule == "of input":
            formula = self._formula_of_output(k)
            return slope if formula is None else formula(z)
        if not _is_relu(activation):
            return slope
        return np.where(z == 0.0, 1.0 if rule == "1 at zero" else 0.5, slope)

    def _formula_of_output(self, k: int) -> Callable[[Array], Array] | None:
        """Return the formula g with g(f(z)) = f'(z), as code often has it: sigmoid's or tanh's."""
        for formula in (lambda a: a * (1.0 - a), lambda a: 1.0 - a**2):
            if np.allclose(formula(self.signals[k]), self.slopes[k - 1], rtol=1e-9, atol=1e-12):
                return formula
        return None

    def layers_showing(self, rule: Rule) -> list[int]:
        """Return the layers where a rule gives other numbers than the right one on these inputs."""
        numbers = range(1, len(self.layers) + 1)
        return [k for k in numbers if not np.array_equal(self._factor(k, rule), self.slopes[k - 1])]


def _is_relu(activation: Callable[[Any], Any]) -> bool:
    around_zero = np.array([[-1e-3, 0.0, 1e-3]])
    return np.array_equal(_slope(activation, around_zero), [[0.0, 0.0, 1.0]])


def _pull_back(function: Callable[[Any], Any], values: Array, error: Array | None = None) -> Array:
    """Return the gradient at these values of a scalar function, or of <error, function>."""
    import tensorflow as tf

    point = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = function(point)
    gradient = tape.gradient(value, point, output_gradients=error)
    return np.zeros_like(values) if gradient is None else np.asarray(gradient)


def _slope(function: Callable[[Any], Any], z: Array) -> Array:
    """Return f'(z), entry by entry; of softmax and its like, the diagonal of the Jacobian."""
    probe = np.random.default_rng(0).standard_normal(z.shape)
    slope = _pull_back(function, z, np.ones_like(z))
    if np.allclose(_pull_back(function, z, probe), probe * slope):
        return slope
    units = [np.broadcast_to(unit, z.shape) for unit in np.eye(z.shape[1])]
    return np.sum([_pull_back(function, z, unit) * unit for unit in units], axis=0)
