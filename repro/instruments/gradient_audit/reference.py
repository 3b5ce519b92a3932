"""The gradient that a hand-written one is measured against: TensorFlow's, in float64, confirmed.

Central differences confirm it: along single entries and along one random direction of every
array, (L(w + h v) - L(w - h v)) / 2h must equal the directional derivative <gradient, v>. The step
h is the cube root of the machine epsilon, where truncation and rounding balance (Press et al.,
"Numerical Recipes", section 5.7).
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from repro.instruments.gradient_audit.parameters import Array

if TYPE_CHECKING:
    import keras

STEP = float(np.finfo(np.float64).eps ** (1 / 3))  # of the central differences
AGREEMENT = 1e-5  # largest relative difference of a gradient from those that confirm it

Measure = Callable[[Any], Any]  # predictions (a tensor) -> the loss, a scalar tensor
Objective = Callable[[Sequence[Any]], Any]  # parameter tensors -> the loss, a scalar tensor
Confirmation = Literal["ok", "kink", "unconfirmed"]


@dataclass(frozen=True)
class Reference:
    """The loss at the parameters and its gradient, one array a parameter."""

    loss: float
    gradients: list[Array]


def measure_loss(loss: Any, y: Array) -> Measure:
    """Return the loss of predictions against `y`: a Keras name or object, or `f(y, predictions)`.

    What it returns is averaged, as Keras does, unless it is a Keras loss that sums.
    """
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise ValueError("the audit needs Keras on TensorFlow: set KERAS_BACKEND=tensorflow")
    chosen = keras.losses.get(loss) if isinstance(loss, str) else loss
    if not callable(chosen):
        raise ValueError(
            "no loss: compile the model with one, or pass loss=, a Keras loss or a function of "
            f"(y, predictions); got {loss!r}"
        )
    # A Loss object converts to its own dtype, float32 by default; its `call` does not.
    apply = chosen.call if isinstance(chosen, keras.Loss) else chosen
    sums = isinstance(chosen, keras.Loss) and chosen.reduction == "sum"
    reduce = tf.reduce_sum if sums else tf.reduce_mean
    target = tf.constant(y)
    return lambda predictions: reduce(apply(target, predictions))


def in_float64(model: "keras.Model", shape: tuple[int, ...]) -> "keras.Model":
    """Return the model itself if it computes in float64 throughout, else a copy that does.

    A model that isn't built yet is built for inputs of this shape.
    """
    if not model.built:
        model.build((None, *shape[1:]))
    dtypes = {layer.compute_dtype for layer in model.layers}
    inputs = getattr(model, "inputs", None) or []
    if dtypes | {tensor.dtype for tensor in inputs} <= {"float64"}:
        return model
    try:
        with warnings.catch_warnings(action="ignore"):  # of what then fails, and is raised below
            twin = type(model).from_config(_with_float64(model.get_config()))
        if not twin.built:
            twin.build((None, *shape[1:]))
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"model {model.name!r} can't be copied in float64: build it, its keras.Input too, with "
            f'dtype="float64", or pass forward= instead of model= ({str(error).splitlines()[0]})'
        ) from error
    return twin


def _with_float64(config: Any) -> Any:
    """Replace every float dtype in a Keras configuration by float64."""
    if isinstance(config, dict):
        return {key: _with_float64(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_with_float64(value) for value in config)
    floats = {"float16", "bfloat16", "float32", "mixed_float16", "mixed_bfloat16"}
    return "float64" if isinstance(config, str) and config in floats else config


def model_objective(model: "keras.Model", x: Array, measure: Measure) -> Objective:
    """Return the loss as `fit` computes it (training mode, regularizers) of the parameters."""
    if any(getattr(layer, "seed_generator", None) is not None for layer in model.layers):
        raise ValueError("a layer of the model is random (dropout, noise): set its rate to 0")
    fixed = model.non_trainable_variables

    def objective(values: Sequence[Any]) -> Any:
        predictions, _, penalties = model.stateless_call(
            values, fixed, x, training=True, return_losses=True
        )
        return sum(penalties, measure(predictions))

    return objective


def function_objective(
    forward: Callable[[Any, Any], Any], names: Sequence[str] | None, x: Array, measure: Measure
) -> Objective:
    """Return the loss of the parameters, given to `forward` as a dict of `names`, or a list."""
    import tensorflow as tf

    inputs = tf.constant(x)

    def objective(values: Sequence[Any]) -> Any:
        parameters = list(values) if names is None else dict(zip(names, values, strict=True))
        return measure(forward(parameters, inputs))

    return objective


def differentiate(objective: Objective, values: Sequence[Array], names: Sequence[str]) -> Reference:
    """Let TensorFlow derive the gradient; raise if there is none, or the loss is not finite."""
    import tensorflow as tf

    tensors = [tf.constant(value) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        try:
            loss = tf.convert_to_tensor(objective(tensors))
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(f"x, y and parameters do not fit each other: {error}") from error
    if loss.shape.rank != 0 or not np.isfinite(float(loss)):
        raise ValueError(f"the loss must be one finite number, got {loss.numpy()}")
    gradients = tape.gradient(loss, tensors)
    for name, gradient in zip(names, gradients, strict=True):
        if gradient is None:
            raise ValueError(
                f"TensorFlow finds no way from parameter {name!r} to the loss: write forward and "
                "loss with keras.ops or tensorflow, and use every parameter"
            )
    arrays = [tf.convert_to_tensor(g).numpy().astype(np.float64) for g in gradients]
    return Reference(float(loss), arrays)


def confirm(
    objective: Objective, values: Sequence[Array], reference: Reference, checks: int
) -> Iterator[tuple[float, Confirmation]]:
    """Compare each gradient with central differences along `checks` directions.

    Yields, per parameter, the largest difference relative to the gradient's largest entry, and
    "ok"; "kink" where the slope jumps at the parameters (ReLU at exactly 0), so that central
    differences can't decide; "unconfirmed" where the reference is wrong.
    """
    import tensorflow as tf

    tensors = [tf.constant(value) for value in values]
    random = np.random.default_rng(0)
    for index, gradient in enumerate(reference.gradients):
        worst: float = 0.0 if checks else float("nan")
        outcomes: set[Confirmation] = {"ok"}
        for direction in _directions(gradient.shape, checks, random):
            line = _Line(objective, tensors, index=index, direction=direction, reference=reference)
            error, outcome = line.check()
            worst = max(worst, error)
            outcomes.add(outcome)
        yield worst, max(outcomes, key=("ok", "kink", "unconfirmed").index)


@dataclass(frozen=True)
class _Line:
    """The loss along a direction of one parameter."""

    objective: Objective
    tensors: Sequence[Any]
    index: int
    direction: Array
    reference: Reference

    def check(self) -> tuple[float, Confirmation]:
        """Return the relative error of the gradient's slope, and what it means.

        A shorter step tells a jump of the slope from its change: only a jump doesn't shrink.
        """
        error, jump = self._difference(STEP)
        if error <= AGREEMENT:
            return error, "ok"
        nearer_error, nearer_jump = self._difference(STEP / 16)
        if nearer_error <= AGREEMENT:  # a kink nearby, but not here
            return nearer_error, "ok"
        return error, "kink" if nearer_jump > max(jump / 2, AGREEMENT) else "unconfirmed"

    def _difference(self, step: float) -> tuple[float, float]:
        """Return the error of the slope, and the jump between the slopes of the two sides.

        Both are relative to the gradient's largest entry, plus what rounding leaves undecided.
        """
        gradient, loss = self.reference.gradients[self.index], self.reference.loss
        left, right = (loss - self._loss(-step)) / step, (self._loss(step) - loss) / step
        slope = float((gradient * self.direction).sum())
        noise = 10 * np.finfo(np.float64).eps * abs(loss) / step
        scale = np.abs(gradient).max() + noise / AGREEMENT + np.finfo(np.float64).tiny
        return float(abs((left + right) / 2 - slope) / scale), float(abs(right - left) / scale)

    def _loss(self, distance: float) -> float:
        moved = list(self.tensors)
        moved[self.index] += distance * self.direction
        return float(self.objective(moved))


def _directions(
    shape: tuple[int, ...], checks: int, random: np.random.Generator
) -> Iterator[Array]:
    """Yield one random direction of length 1 that moves every entry, then single entries."""
    size = int(np.prod(shape))
    everywhere = random.standard_normal(size)
    if checks > 0:
        yield (everywhere / np.linalg.norm(everywhere)).reshape(shape)
    for entry in random.permutation(size)[: max(checks - 1, 0)]:
        direction = np.zeros(size)
        direction[entry] = 1.0
        yield direction.reshape(shape)
