"""Thread 004: a four-layer network on digits that works with sigmoid and fails with ReLU.

The snippet is the training step of a 784-200-100-10 network in numpy, without biases, learning one
image at a time. It passes errors back without the activation's derivative. `PostedNetwork` is that
code, `build_model` the same network in Keras with the true gradient, and `experiment` trains
either, or what lies between them, for many seeds.

The thread names neither data nor sizes nor rate. Its class is that of a well-known book's exercise
on MNIST, so inputs, targets, initial weights and rate are taken from there: an assumption.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.data import load
from repro.training.order import data_order

if TYPE_CHECKING:
    import keras

    from repro.training.compiled import four_layers as compiled

Floats = NDArray[np.float64]
HiddenActivation = Literal["sigmoid", "relu", "leaky_relu", "maxout"]
OutputActivation = Literal["sigmoid", "relu", "leaky_relu", "linear"]
Backpropagation = Literal["posted", "output_mended", "hidden_mended", "true"]
Loss = Literal["squared", "cross_entropy"]

WIDTHS = (784, 200, 100, 10)
LOW, HIGH = 0.01, 0.99  # targets
LEAKY_SLOPE = 0.01
PIECES = 2  # linear pieces of a maxout unit
LOGGED_STEPS = (1, 10, 100, 300, 1_000, 3_000, 10_000, 20_000, 30_000, 45_000)
LOOKED_AT = 500  # test images that a curve's accuracy and dead units are taken from
RECOGNIZED = 0.05  # of a digit's test images; below that the digit is missing
PROBED = 100  # test images that gradients are compared on

DATA = "mnist"
METRICS = (
    "test_accuracy",
    "online_accuracy",
    "learned",
    "missing_digits",
    "died",
    "dead_fraction_first",
    "dead_fraction_second",
    "dead_fraction_output",
    "cosine_first",
    "cosine_second",
    "length_ratio_first",
    "length_ratio_second",
    "overshoot_at_start",
    "signal_ratio_at_start",
)


@dataclass(frozen=True)
class Design:
    """How the network computes and learns; see `experiment` for what the words mean."""

    hidden_activation: HiddenActivation = "relu"
    output_activation: OutputActivation = "relu"
    backpropagation: Backpropagation = "posted"
    loss: Loss = "squared"
    initialization: Literal["book", "he"] = "book"
    bias: bool = False
    learning_rate: float = 0.1
    momentum: float = 0.0

    @property
    def activations(self) -> tuple[str, str, str]:
        """The name of each layer's activation."""
        return self.hidden_activation, self.hidden_activation, self.output_activation

    @property
    def columns(self) -> list[int]:
        """The number of weighted sums of each layer."""
        pieces = PIECES if self.hidden_activation == "maxout" else 1
        return [WIDTHS[1] * pieces, WIDTHS[2] * pieces, WIDTHS[3]]

    @property
    def mended(self) -> tuple[bool, bool]:
        """Whether errors carry the derivative of the second hidden layer, and of the output."""
        words = self.backpropagation
        return words in ("hidden_mended", "true"), words in ("output_mended", "true")


def experiment(
    *,
    seeds: Sequence[int],
    data: str = DATA,
    hidden_activation: HiddenActivation = "relu",
    output_activation: OutputActivation = "relu",
    backpropagation: Backpropagation = "posted",
    loss: Loss = "squared",
    initialization: Literal["book", "he"] = "book",
    bias: bool = False,
    learning_rate: float = 0.1,
    momentum: float = 0.0,
    images: int = 60_000,
    epochs: int = 1,
    learned_above: float = 0.5,
    engine: Literal["compiled", "keras"] = "compiled",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train one network per seed, image by image; the defaults are the thread's ReLU network.

    Args:
        seeds: of numpy's legacy generator, for the initial weights, and of the images' order.
        data: name of the data set.
        hidden_activation: of both hidden layers; a maxout unit is the larger of two sums.
        output_activation: of the ten outputs.
        backpropagation: `posted` passes errors back without any activation's derivative,
            `output_mended` with the outputs' alone, `hidden_mended` with that of the second hidden
            layer alone, `true` with both, which is the gradient.
        loss: half the squared error, summed over the outputs, or their cross-entropy.
        initialization: normal draws with standard deviation n^-1/2 for n incoming links, as in the
            book, or He's, the same draws times sqrt(2).
        bias: whether the layers have biases, 0 at first.
        learning_rate: of gradient descent, one image a step.
        momentum: as in Keras' SGD.
        images: the first so many training images are learned, or all if there are fewer, in
            `data_order`.
        epochs: how often.
        learned_above: a run has learned if its test accuracy is above this.
        engine: the compiled loop, or the Keras model in `fit_seeds`, which has true gradients only.

    Returns:
        Runs, one row a seed with `METRICS` (see `measure`), and curves, one row a seed and logged
        step (see `look`).

    Raises:
        ValueError: for a size or rate that is not positive, cross-entropy with an output other than
            sigmoid, and the engine "keras" with anything but the true gradient.

    Source:
        Seed thread 004, question and answer.
    """
    design = Design(
        hidden_activation, output_activation, backpropagation, loss, initialization, bias,
        learning_rate, momentum,
    )  # fmt: skip
    _check(design, images, epochs, engine)
    digits = _digits(data)
    images = min(images, len(digits.labels))
    train = _train_compiled if engine == "compiled" else _train_keras
    histories = train(design, digits, seeds, images, epochs)
    rows = [measure(design, digits, history, learned_above) for history in histories]
    runs = pd.DataFrame(rows, columns=[*METRICS, "status"])
    runs.insert(0, "seed", list(seeds))
    curves = [
        history.curve.assign(seed=seed) for seed, history in zip(seeds, histories, strict=True)
    ]
    return runs, pd.concat(curves, ignore_index=True)


# As posted ---------------------------------------------------------------------------------------


def sigmoid(sums: Floats) -> Floats:
    """Return the logistic function; it may overflow on the way to 0, which does no harm."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-sums))


POSTED: dict[str, tuple[Callable[[Floats], Floats], Callable[[Floats, Floats], Floats]]] = {
    "sigmoid": (sigmoid, lambda sums, outputs: outputs * (1.0 - outputs)),
    "relu": (lambda sums: np.maximum(0, sums), lambda sums, outputs: np.heaviside(sums, 0.0)),
}


class PostedNetwork:
    """The asker's class: `train` is as posted, but for the derivative, which goes by the name.

    The thread shows ReLU's derivative, and sigmoid's in a commented line.

    Args:
        weights: `wih` (200, 784), `wh1h2` (100, 200), `wh2o` (10, 100).
        activation: sigmoid or relu, of all three layers.
        learning_rate: the class's `lr`.
    """

    def __init__(self, weights: Sequence[Floats], *, activation: str, learning_rate: float):
        self.wih, self.wh1h2, self.wh2o = (np.array(w) for w in weights)
        self.activation_function, self.derivative = POSTED[activation]
        self.lr = learning_rate

    def train(self, inputs_list: Sequence[float], targets_list: Sequence[float]) -> None:
        """Learn one image: 784 inputs in [0.01, 1] and ten targets, 0.01 or 0.99."""
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T

        hidden_inputs = np.dot(self.wih, inputs)
        hidden_outputs = self.activation_function(hidden_inputs)
        hidden_inputs2 = np.dot(self.wh1h2, hidden_outputs)
        hidden_outputs2 = self.activation_function(hidden_inputs2)
        final_inputs = np.dot(self.wh2o, hidden_outputs2)
        final_outputs = self.activation_function(final_inputs)

        output_errors = targets - final_outputs
        # the mistake: both times the error is passed back without the derivative of its own layer
        hidden_errors2 = np.dot(self.wh2o.T, output_errors)
        hidden_errors = np.dot(self.wh1h2.T, hidden_errors2)

        self.wh2o += self.lr * np.dot(
            output_errors * self.derivative(final_inputs, final_outputs), hidden_outputs2.T
        )
        self.wh1h2 += self.lr * np.dot(
            hidden_errors2 * self.derivative(hidden_inputs2, hidden_outputs2), hidden_outputs.T
        )
        self.wih += self.lr * np.dot(
            hidden_errors * self.derivative(hidden_inputs, hidden_outputs), inputs.T
        )


def scaled(images: NDArray[np.uint8]) -> Floats:
    """Return images (n, 28, 28) as the book's inputs (n, 784): pixel / 255 * 0.99 + 0.01."""
    return images.reshape(len(images), -1) / 255 * 0.99 + 0.01


def targets_of(labels: NDArray[np.uint8]) -> Floats:
    """Return labels (n,) as the book's targets (n, 10): 0.99 for the digit, 0.01 for the others."""
    return np.where(labels[:, np.newaxis] == np.arange(WIDTHS[-1]), HIGH, LOW)


def draw(design: Design, normal: Callable[..., Floats]) -> list[Floats]:
    """Draw the weights of the three layers, each (sums, inputs), from the first layer on.

    Args:
        design: its widths and initialization.
        normal: draws of a given mean, standard deviation and shape, as `numpy.random.normal`.
    """
    gain = np.sqrt(2) if design.initialization == "he" else 1.0
    sizes = zip(design.columns, WIDTHS[:-1], strict=True)
    return [gain * normal(0.0, inputs**-0.5, (sums, inputs)) for sums, inputs in sizes]


# The rebuild -------------------------------------------------------------------------------------


def build_model(design: Design) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of `draw` with
    `numpy.random.RandomState(seed)`. Batches of one image learn as the thread does.
    """
    import keras

    def rate() -> np.float64:  # Keras would keep a plain number as float32
        return np.float64(design.learning_rate)

    model = keras.Sequential([keras.Input((WIDTHS[0],), dtype="float64")])
    for columns, activation in zip(design.columns, design.activations, strict=True):
        for layer in _keras_layers(columns, activation, bias=design.bias):
            model.add(layer)
    for variable, weights in zip(_kernels(model), draw(design, np.random.normal), strict=True):
        variable.assign(weights.T)
    # Keras takes the mean over the outputs, the thread half their sum
    losses = {
        "squared": (keras.losses.MeanSquaredError, WIDTHS[-1] / 2),
        "cross_entropy": (keras.losses.BinaryCrossentropy, float(WIDTHS[-1])),
    }
    loss, weight = losses[design.loss]
    model.compile(
        keras.optimizers.SGD(rate, momentum=design.momentum),
        loss=loss(dtype="float64"),
        loss_weights=weight,
        metrics=[keras.metrics.CategoricalAccuracy("online_accuracy")],
    )
    return model


def _keras_layers(columns: int, activation: str, *, bias: bool) -> "list[keras.layers.Layer]":
    from keras import layers

    dense = partial(layers.Dense, columns, use_bias=bias, dtype="float64")
    if activation == "leaky_relu":
        return [dense(), layers.LeakyReLU(LEAKY_SLOPE, dtype="float64")]
    if activation == "maxout":
        pieces = layers.Reshape((columns, 1), dtype="float64")
        largest = layers.MaxPooling1D(PIECES, dtype="float64")
        return [dense(), pieces, largest, layers.Flatten(dtype="float64")]
    return [dense(activation=activation)]


def _kernels(model: "keras.Model") -> list[Any]:
    return [v for v in model.trainable_variables if v.name == "kernel"]


# Training many seeds -----------------------------------------------------------------------------


class Digits(NamedTuple):
    """A data set as it is learned, classified and looked at."""

    images: NDArray[np.uint8]  # (n, 28, 28), to learn …
    labels: NDArray[np.uint8]  # (n,)
    train: "compiled.Images"  # … the same, by inked pixels
    test: "compiled.Images"
    few: "compiled.Images"  # the first `LOOKED_AT` of the test images
    inputs: Floats  # (PROBED, 784), the first of the test images
    targets: Floats  # (PROBED, 10)


class History(NamedTuple):
    """What is left of one seed's training: the network, and one row a logged step, from step 0."""

    layers: "tuple[compiled.Layer, ...]"
    curve: pd.DataFrame
    online_accuracy: float
    diverged: bool


@lru_cache(maxsize=1)
def _digits(name: str) -> Digits:
    from repro.training.compiled.four_layers import sparse

    d = load(name)
    few, probe = slice(LOOKED_AT), slice(PROBED)
    return Digits(
        d.x_train, d.y_train, sparse(d.x_train, d.y_train), sparse(d.x_test, d.y_test),
        sparse(d.x_test[few], d.y_test[few]), scaled(d.x_test[probe]), targets_of(d.y_test[probe]),
    )  # fmt: skip


def _train_compiled(
    design: Design, digits: Digits, seeds: Sequence[int], images: int, epochs: int
) -> list[History]:
    from numba import get_num_threads
    from threadpoolctl import threadpool_limits

    train = partial(_train_seed, design, digits, images=images, epochs=epochs)
    # A thread a seed, which the compiled loop lets run; BLAS's own threads would only wait on them.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(get_num_threads()) as pool:
        return list(pool.map(train, seeds))


def _train_seed(design: Design, digits: Digits, seed: int, *, images: int, epochs: int) -> History:
    from repro.training.compiled.four_layers import train

    order = np.concatenate([data_order(seed, epoch, images) for epoch in range(1, epochs + 1)])
    layers = as_layers(draw(design, np.random.RandomState(seed).normal))
    correct = np.zeros(len(order), bool)
    rows, diverged = [{"step": 0, "online_accuracy": np.nan} | look(design, digits, layers)], False
    for start, stop in pairwise([0, *[s for s in LOGGED_STEPS if s < len(order)], len(order)]):
        part = correct[start:stop]
        learned = train(layers, digits.train, order[start:stop], rule_of(design), part)
        rows.append({"step": stop, "online_accuracy": part.mean()} | look(design, digits, layers))
        diverged = learned < len(part)
        if diverged:
            break
    return History(layers, pd.DataFrame(rows), float(correct.mean()), diverged)


def _train_keras(
    design: Design, digits: Digits, seeds: Sequence[int], images: int, epochs: int
) -> list[History]:
    from repro.training.fit import fit_seeds

    fit = fit_seeds(
        partial(build_model, design), scaled(digits.images[:images]),
        targets_of(digits.labels[:images]), seeds=seeds, epochs=epochs, batch_size=1,
        block_size=len(seeds),
    )  # fmt: skip
    histories = []
    for seed, frame in fit.frame.groupby("seed"):
        start = as_layers(draw(design, np.random.RandomState(seed).normal))
        end = as_layers(*_weights(fit.model(seed), design))
        online = float(frame.online_accuracy.mean())
        rows = [
            {"step": 0, "online_accuracy": np.nan} | look(design, digits, start),
            {"step": images * epochs, "online_accuracy": online} | look(design, digits, end),
        ]
        diverged = not np.isfinite(frame.loss).all()
        histories.append(History(end, pd.DataFrame(rows), online, diverged))
    return histories


def _weights(model: "keras.Model", design: Design) -> tuple[list[Floats], list[Floats] | None]:
    weights = [np.asarray(v) for v in model.trainable_variables]
    return (
        ([w.T for w in weights[::2]], weights[1::2])
        if design.bias
        else ([w.T for w in weights], None)
    )


def as_layers(
    weights: Sequence[Floats], biases: Sequence[Floats] | None = None
) -> "tuple[compiled.Layer, ...]":
    """Return weights, each (sums, inputs) as of `draw`, as what the compiled loop trains."""
    from repro.training.compiled.four_layers import new_layer

    biases = biases or [np.zeros(len(w)) for w in weights]
    return tuple(new_layer(w.T, bias) for w, bias in zip(weights, biases, strict=True))


def rule_of(design: Design) -> "compiled.Rule":
    """Return the design as the compiled loop takes it."""
    from repro.training.compiled.four_layers import ACTIVATIONS, Rule

    hidden, _, output = map(ACTIVATIONS.index, design.activations)
    return Rule(
        hidden, output, *design.mended, design.loss == "cross_entropy", design.bias,
        float(design.learning_rate), float(design.momentum),
    )  # fmt: skip


# What is measured --------------------------------------------------------------------------------


def measure(
    design: Design, digits: Digits, history: History, learned_above: float
) -> dict[str, float | str]:
    """Return one seed's final metrics and status.

    Metrics, as shares unless stated otherwise:

        test_accuracy: of the data set's test images.
        online_accuracy: of the images learned, each classified just before it was learned.
        learned: 0/1, test accuracy above `learned_above`.
        missing_digits: number of digits of which less than `RECOGNIZED` is classified right.
        died: 0/1, in some layer no unit has a slope for any test image, so that errors end there.
        dead_fraction_first, _second, _output: units of that layer without a slope for any test
            image.
        cosine_first, _second; length_ratio_first, _second: as of `look`, means over logged steps.
        overshoot_at_start, signal_ratio_at_start: as of `look`, before training.

    A run is `diverged` if an output is not finite; from then on it learns nothing and classifies
    nothing right online. Its test accuracy is what `numpy.argmax` makes of its outputs.
    """
    correct, dead = classify(design, digits.test, history.layers)
    accuracy = float(correct.mean())
    recognized = pd.Series(correct).groupby(digits.test.label).mean()
    names = ("cosine_first", "cosine_second", "length_ratio_first", "length_ratio_second")
    return {
        "test_accuracy": accuracy,
        "online_accuracy": history.online_accuracy,
        "learned": int(accuracy > learned_above),
        "missing_digits": int((recognized < RECOGNIZED).sum()),
        "died": int(max(dead) == 1),
        "dead_fraction_first": dead[0],
        "dead_fraction_second": dead[1],
        "dead_fraction_output": dead[2],
        **{name: history.curve[name].mean() for name in names},
        "overshoot_at_start": history.curve.overshoot[0],
        "signal_ratio_at_start": history.curve.signal_ratio[0],
        "status": "diverged" if history.diverged else "ok",
    }


def classify(
    design: Design, images: "compiled.Images", layers: "tuple[compiled.Layer, ...]"
) -> tuple[NDArray[np.bool_], list[float]]:
    """Return whether each image is classified right, (n,), and each layer's share of dead units."""
    from repro.training.compiled.four_layers import evaluate

    correct = np.zeros(len(images.label), bool)
    alive = tuple(np.zeros(len(layer.bias), bool) for layer in layers)
    evaluate(layers, images, rule_of(design), correct, alive)
    units = [a.reshape(count, -1).any(axis=1) for a, count in zip(alive, WIDTHS[1:], strict=True)]
    return correct, [float(1 - u.mean()) for u in units]


def look(design: Design, digits: Digits, layers: "tuple[compiled.Layer, ...]") -> dict[str, float]:
    """Look at a network between two steps.

    Returns:
        test_accuracy, dead_fraction_first, dead_fraction_second: on the first `LOOKED_AT` test
            images.
        cosine_first, cosine_second: of the angle between the step that the posted code would take
            with the weights into that hidden layer and the one along the gradient; mean over the
            first `PROBED` test images that give both.
        length_ratio_first, length_ratio_second: median of their lengths' ratio, posted to true.
        overshoot: share of these images whose error grows when the network, as it is trained,
            learns that very image (without momentum).
        signal_ratio: median length of the gradient with respect to the first layer's weighted
            sums, as a share of that with respect to the output's.
    """
    correct, (first, second, _) = classify(design, digits.few, layers)
    with np.errstate(all="ignore"):  # of a network that has diverged
        inputs, slopes = forward(design, layers, digits.inputs)
        errors = digits.targets - inputs[-1]
        posted, true = (
            deltas(design, layers, slopes, errors, mended=m) for m in ((False,) * 2, (True,) * 2)
        )
        own = deltas(design, layers, slopes, errors, mended=design.mended)
        after = digits.targets - after_own_step(design, layers, inputs[0], own)
        lengths = [_length(t) for t in true]
        figures = {
            "cosine_first": _mean(_cosine(posted[0], true[0])),
            "cosine_second": _mean(_cosine(posted[1], true[1])),
            "length_ratio_first": _median(_length(posted[0]) / lengths[0]),
            "length_ratio_second": _median(_length(posted[1]) / lengths[1]),
            "overshoot": float(np.mean(~(_length(after) <= _length(errors)))),
            "signal_ratio": _median(lengths[0] / lengths[2]),
        }
    dead = {"dead_fraction_first": first, "dead_fraction_second": second}
    return {"test_accuracy": float(correct.mean())} | dead | figures


def activate(name: str, sums: Floats) -> tuple[Floats, Floats]:
    """Return outputs (n, units) and slopes (n, sums) for weighted sums (n, sums)."""
    if name == "sigmoid":
        outputs = sigmoid(sums)
        return outputs, outputs * (1 - outputs)
    if name == "maxout":
        pieces = sums.reshape(len(sums), -1, PIECES)
        chosen = pieces.argmax(axis=2)[..., np.newaxis] == np.arange(PIECES)
        return pieces.max(axis=2), chosen.reshape(sums.shape).astype(float)
    below = {"linear": 1.0, "relu": 0.0, "leaky_relu": LEAKY_SLOPE}[name]
    slopes = np.where(sums > 0, 1.0, below)
    return sums * slopes, slopes


def forward(
    design: Design, layers: "Sequence[compiled.Layer]", x: Floats
) -> tuple[list[Floats], list[Floats]]:
    """Return each layer's inputs and the output, (n, units) each, and the slopes, (n, sums)."""
    inputs, slopes = [x], []
    for layer, name in zip(layers, design.activations, strict=True):
        outputs, slope = activate(name, inputs[-1] @ layer.kernel + layer.bias)
        inputs.append(outputs)
        slopes.append(slope)
    return inputs, slopes


def deltas(
    design: Design,
    layers: "Sequence[compiled.Layer]",
    slopes: Sequence[Floats],
    errors: Floats,
    *,
    mended: tuple[bool, bool],
) -> list[Floats]:
    """Return what an image moves each layer's weighted sums by, per unit of rate and input.

    A step adds rate * input * delta to a weight. With both mended, delta is minus the gradient of
    the loss with respect to the sum.

    Args:
        design: its loss.
        layers: the network.
        slopes: as of `forward`.
        errors: targets - outputs, (n, 10).
        mended: whether errors carry the second hidden layer's derivative, and the output's.

    Returns:
        Three arrays (n, sums), from the first layer on.
    """
    if design.loss == "cross_entropy":
        slopes = [*slopes[:-1], np.ones_like(slopes[-1])]
    result: list[Floats] = []
    for layer, slope, carries in zip(
        layers[::-1], slopes[::-1], (*mended[::-1], True), strict=True
    ):
        errors = np.repeat(errors, slope.shape[1] // errors.shape[1], axis=1)
        result.insert(0, errors * slope)
        errors = (result[0] if carries else errors) @ layer.kernel.T
    return result


def after_own_step(
    design: Design, layers: "Sequence[compiled.Layer]", x: Floats, steps: Sequence[Floats]
) -> Floats:
    """Return the outputs (n, 10) for x (n, 784), each image after a step on that image alone.

    A step changes a layer by rate * outer(input, delta), and so the sums of the same image by
    rate * delta * (input . new input, and 1 for the bias).
    """
    before, _ = forward(design, layers, x)
    now = x
    for layer, name, was, delta in zip(layers, design.activations, before, steps, strict=False):
        overlap = np.sum(was * now, axis=1, keepdims=True) + design.bias
        sums = now @ layer.kernel + layer.bias + design.learning_rate * overlap * delta
        now, _ = activate(name, sums)
    return now


def _length(vectors: Floats) -> Floats:
    return np.sqrt(np.sum(vectors**2, axis=1))


def _cosine(a: Floats, b: Floats) -> Floats:
    return np.sum(a * b, axis=1) / (_length(a) * _length(b))


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else np.nan


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan


def _check(design: Design, images: int, epochs: int, engine: str) -> None:
    sizes = {"images": images, "epochs": epochs, "learning_rate": design.learning_rate}
    for name, value in sizes.items():
        if value <= 0:
            raise ValueError(f"{name} must be positive, got {value}")
    if design.loss == "cross_entropy" and design.output_activation != "sigmoid":
        raise ValueError('loss "cross_entropy" needs output_activation = "sigmoid"')
    if engine == "keras" and design.backpropagation != "true":
        raise ValueError('engine "keras" needs backpropagation = "true"')


if __name__ == "__main__":
    from repro.cli import run_study

    run_study("four_layers")
