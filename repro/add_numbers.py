"""Thread 003: a network that adds two numbers, all ReLU, learns for some seeds only.

The snippet is a 2-4-4-1 network in numpy, with the same activation on all three layers, trained on
six sums, one a step, for 5,000 epochs at rate 0.01. `train_posted` is that code with its two
mistakes, `build_model` the same network in Keras, and `experiment` trains either, or what lies
between them, for many seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from repro.instruments.relu_death import death_probability, is_dead, stopped

if TYPE_CHECKING:
    import keras

    from repro.training.compiled.add_numbers import History, Layers, Rule, Watch

Floats = NDArray[np.float64]
HiddenActivation = Literal["relu", "leaky_relu", "sigmoid", "tanh"]
OutputActivation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "linear"]
WeightInit = Literal["normal", "he", "he_flipped"]
BiasInit = Literal["normal", "zero"]

X = np.array([[0.1, 0.2], [0.5, 0.3], [0.2, 0.4], [0.3, 0.7], [0.5, 0.5], [0.4, 0.3]])
Y = np.array([0.3, 0.8, 0.6, 1.0, 1.0, 0.7])
UNSEEN = np.array([[0.1, 0.5]])
CONSTANT_ERROR = float(Y.var())  # of the best prediction that ignores its inputs: 0.0589
PRINTED_ZERO = 5e-7  # the thread prints "%f": an error below this reads 0.000000
LEAKY_SLOPE = 0.01
CURVE_SEEDS = 100

DATA = None
METRICS = (
    "mse",
    "learned",
    "reached_zero",
    "stuck",
    "always_fell",
    "epochs_to_learn",
    "prediction",
    "born_dead",
    "born_dead_one_input",
    "born_dead_formula",
    "dead",
    "dead_output",
    "died",
    "revived",
    "failed_alive",
)


@dataclass(frozen=True)
class Network:
    """The thread's network; every layer but the last has the hidden activation and width."""

    hidden_activation: HiddenActivation = "relu"
    output_activation: OutputActivation = "relu"
    hidden_width: int = 4
    hidden_layers: int = 2
    weight_init: WeightInit = "normal"
    bias_init: BiasInit = "normal"

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, then the units of each layer."""
        return (2, *[self.hidden_width] * self.hidden_layers, 1)

    @property
    def activations(self) -> tuple[str, ...]:
        """The name of each layer's activation."""
        return (*[self.hidden_activation] * self.hidden_layers, self.output_activation)


def experiment(
    *,
    seeds: Sequence[int],
    hidden_activation: HiddenActivation = "relu",
    output_activation: OutputActivation = "relu",
    hidden_width: PositiveInt = 4,
    hidden_layers: PositiveInt = 2,
    weight_init: WeightInit = "normal",
    bias_init: BiasInit = "normal",
    bias_update: Literal["posted", "gradient"] = "posted",
    error_weights: Literal["updated", "current"] = "updated",
    target_scale: PositiveFloat = 1.0,
    learning_rate: PositiveFloat = 0.01,
    momentum: NonNegativeFloat = 0.0,
    epochs: PositiveInt = 5000,
    learned_below: PositiveFloat = 0.001,
    engine: Literal["compiled", "keras"] = "compiled",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train one network per seed to add two numbers; the defaults are the thread's ReLU network.

    Args:
        seeds: of numpy's legacy generator, from which the thread draws weights and biases.
        hidden_activation: of the hidden layers; leaky ReLU has slope 0.01.
        output_activation: of the output unit.
        hidden_width: units of each hidden layer.
        hidden_layers: number of hidden layers.
        weight_init: standard normal, as posted; He's, the same draws times sqrt(2 / inputs); or
            He's with flipped signs for each unit that fewer samples raise than lower.
        bias_init: standard normal, as posted, or zero.
        bias_update: `posted` subtracts rate x bias, `gradient` rate x gradient.
        error_weights: errors are passed back through the weights as this step has `updated` them,
            as posted, or through the `current` ones that made the prediction.
        target_scale: factor on the sums to learn; errors and predictions are scaled back.
        learning_rate: of gradient descent, one sample a step in the thread's order.
        momentum: as in Keras' SGD.
        epochs: passes over the six samples.
        learned_below: a run has learned if its last epoch's error is below this.
        engine: the compiled loop, or the Keras model in `fit_seeds`, which has true gradients only.

    Returns:
        Runs, one row a seed with `METRICS` (see `measure`), and curves: `mse` by seed (those below
        100) and logged epoch, the mean of the six squared errors, each taken before its own update,
        as the thread prints it.

    Raises:
        ValueError: for no epochs, and for a posted update with the engine "keras".

    Source:
        Seed thread 003, question and answers.
    """
    from repro.training.compiled.add_numbers import ACTIVATIONS, Rule, Watch, train

    network = Network(
        hidden_activation, output_activation, hidden_width, hidden_layers, weight_init, bias_init
    )
    rule = Rule(
        hidden=ACTIVATIONS.index(hidden_activation),
        output=ACTIVATIONS.index(output_activation),
        leaky_slope=LEAKY_SLOPE,
        learning_rate=learning_rate,
        momentum=momentum,
        decays_biases=bias_update == "posted",
        updates_first=error_weights == "updated",
    )
    square = target_scale**2
    watch = Watch(logged_epochs(epochs), square * learned_below, square * PRINTED_ZERO)
    start = stacked([draw(network, np.random.RandomState(seed).randn) for seed in seeds])
    if engine == "keras":
        history = _train_keras(network, seeds, target_scale * Y, rule, watch)
    else:
        history = train(start, X, target_scale * Y, rule, watch)
    history = history._replace(errors=history.errors / square)
    runs = measure(network, start, history, target_scale, learned_below)
    runs.insert(0, "seed", list(seeds))
    return runs, curves_of(seeds, watch.logged, history.errors)


def draw(network: Network, randn: Callable[..., Floats]) -> list[Floats]:
    """Draw one network: [W1, b1, W2, b2, ...], weights (outputs, inputs) and biases (outputs, 1).

    Args:
        network: its widths and initialization.
        randn: standard normal draws of a given shape; the thread's are `numpy.random.randn`.

    Source:
        The flipped signs follow Rister & Rubin, arXiv:2007.06192: a unit's sign is a coin toss, so
        that flipping it changes no symmetric distribution, and the unit is not silent any more.
    """
    parameters, h = [], X
    for n_inputs, n_units in pairwise(network.widths):
        weights, biases = randn(n_units, n_inputs), randn(n_units, 1)
        if network.weight_init != "normal":
            weights *= np.sqrt(2 / n_inputs)
        if network.bias_init == "zero":
            biases[:] = 0
        if network.weight_init == "he_flipped":
            raised = np.sign(h @ weights.T + biases.T).sum(axis=0)
            sign = np.where(raised < 0, -1, 1)[:, np.newaxis]
            weights, biases = sign * weights, sign * biases
        h = np.maximum(0, h @ weights.T + biases.T)
        parameters += [weights, biases]
    return parameters


# As posted ---------------------------------------------------------------------------------------

POSTED: dict[str, tuple[Callable[..., Floats], Callable[..., Floats]]] = {
    "relu": (lambda z: np.maximum(0, z), lambda z: np.where(z > 0, 1, 0)),
    "sigmoid": (
        lambda z: 1.0 / (1 + np.exp(-z)),
        lambda z: (1.0 / (1 + np.exp(-z))) * (1 - 1.0 / (1 + np.exp(-z))),
    ),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
}


def posted_step(
    parameters: list[Floats], x: Floats, y: Floats, *, activation: str, learning_rate: float
) -> float:
    """Update the parameters on one sample, in place and as the thread does; return its error.

    Args:
        parameters: as `draw` returns them.
        x: the two numbers, (2, 1).
        y: their sum, (1, 1).
        activation: of all layers: relu, sigmoid or tanh.
        learning_rate: of gradient descent.

    Returns:
        The squared error before the update.
    """
    activate, derivative = POSTED[activation]
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    inputs, sums = [x], []
    for weights, biases in layers:
        sums.append(np.dot(weights, inputs[-1]) + biases)
        inputs.append(activate(sums[-1]))
    output = inputs.pop()
    error = 2 * (output - y)
    for weights, biases in reversed(layers):
        error = np.multiply(error, derivative(sums.pop()))
        weights -= learning_rate * np.dot(error, inputs.pop().T)
        biases -= learning_rate * biases  # first mistake: the bias where its gradient, error, goes
        error = np.dot(weights.T, error)  # second mistake: through weights just updated
    return float(np.power(y - output, 2).item())


def train_posted(
    seed: int, *, activation: str = "relu", learning_rate: float = 0.01, epochs: int = 5000
) -> tuple[list[Floats], Floats]:
    """Train as posted; return the parameters, as of `draw`, and each epoch's error, (epochs,)."""
    parameters = draw(Network(), np.random.RandomState(seed).randn)
    samples = list(zip(X.reshape(6, 2, 1), Y.reshape(6, 1, 1), strict=True))
    errors = np.zeros(epochs)
    for epoch in range(epochs):
        for x, y in samples:
            errors[epoch] += posted_step(
                parameters, x, y, activation=activation, learning_rate=learning_rate
            )
        errors[epoch] /= len(samples)
    return parameters, errors


# The rebuild -------------------------------------------------------------------------------------


def build_model(
    network: Network, *, learning_rate: float = 0.01, momentum: float = 0.0
) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of the thread's code
    after `numpy.random.seed(seed)`. With `batch_size=1, shuffle=False` the samples come in the
    thread's order, and the metric `mse` is the error that it prints. `fit_seeds` trains in float64;
    Keras' own `fit` rounds the data to float32 first.
    """
    import keras

    def rate() -> np.float64:  # Keras would make float32 of a plain number
        return np.float64(learning_rate)

    parameters = draw(network, np.random.randn)
    model = keras.Sequential([keras.Input((2,), dtype="float64")])
    for units, name in zip(network.widths[1:], network.activations, strict=True):
        activation: Any = _leaky_relu if name == "leaky_relu" else name
        model.add(keras.layers.Dense(units, activation, dtype="float64"))
    model.set_weights([p.T if i % 2 == 0 else p[:, 0] for i, p in enumerate(parameters)])
    model.compile(
        keras.optimizers.SGD(rate, momentum=np.float64(momentum)),
        loss=keras.losses.MeanSquaredError(dtype="float64"),
        metrics=[keras.metrics.MeanSquaredError("mse", dtype="float64")],
    )
    return model


def _leaky_relu(z: Any) -> Any:
    import keras

    # Keras' own would make float32 of the slope
    return keras.ops.where(z > 0, z, LEAKY_SLOPE * z)


# Many seeds --------------------------------------------------------------------------------------


def stacked(networks: Sequence[list[Floats]]) -> "Layers":
    """Stack drawn networks; each layer becomes (seeds, outputs, inputs) and (seeds, outputs)."""
    arrays = [np.stack(same) for same in zip(*networks, strict=True)]
    return [(w, b[:, :, 0]) for w, b in zip(arrays[::2], arrays[1::2], strict=True)]


def _train_keras(
    network: Network, seeds: Sequence[int], targets: Floats, rule: "Rule", watch: "Watch"
) -> "History":
    from repro.training.compiled.add_numbers import History
    from repro.training.fit import fit_seeds

    if rule.decays_biases or rule.updates_first:
        raise ValueError('engine "keras" needs bias_update "gradient" and error_weights "current"')

    def build() -> "keras.Model":
        return build_model(network, learning_rate=rule.learning_rate, momentum=rule.momentum)

    fit = fit_seeds(
        build, X, targets, seeds=seeds, epochs=watch.logged[-1], batch_size=1, shuffle=False,
        block_size=len(seeds),
    )  # fmt: skip
    errors = np.stack([fit.frame.loc[fit.frame["seed"] == seed, "mse"] for seed in seeds])
    is_below = errors < watch.below
    lowest = np.minimum.accumulate(errors, axis=1)
    return History(
        stacked([_as_drawn(fit.model(seed).get_weights()) for seed in seeds]),
        errors[:, np.array(watch.logged) - 1],
        np.where(is_below.any(axis=1), is_below.argmax(axis=1) + 1, 0),
        np.asarray((errors[:, 1:] > lowest[:, :-1] + watch.rise).any(axis=1)),
    )


def _as_drawn(weights: list[Floats]) -> list[Floats]:
    return [w.T if w.ndim == 2 else w[:, np.newaxis] for w in weights]


# What is measured --------------------------------------------------------------------------------


def measure(
    network: Network,
    start: "Layers",
    history: "History",
    target_scale: float,
    learned_below: float,
) -> pd.DataFrame:
    """Return the final metrics and the status, one row a seed.

    Metrics, 0/1 unless stated otherwise (dead: see `repro.instruments.relu_death`):

        mse: error of the last epoch, in squared units of the sums.
        learned: mse below `learned_below`.
        reached_zero: mse prints as 0.000000.
        stuck: no better than the best constant, whose mse is 0.0589.
        always_fell: no epoch's error was above an earlier one's by more than prints as zero.
        epochs_to_learn: first epoch with an error below `learned_below`; NaN if there is none.
        prediction: for 0.1 + 0.5, a pair that is not trained on.
        born_dead: dead before training.
        born_dead_one_input: the first sample alone is stopped before training.
        born_dead_formula: the probability of that with zero biases, by `death_probability`.
        dead: dead after training.
        dead_output: dead after training, and the hidden layers alone are not.
        died: dead after training but not before it.
        revived: dead before training but not after it.
        failed_alive: neither learned nor dead.
    """
    mse = history.errors[:, -1]
    learned = mse < learned_below
    before, after = (
        stopped(forward(network, layers, X), network.activations)
        for layers in (start, history.layers)
    )
    born_dead, dead = is_dead(before), is_dead(after)
    flags = {
        "learned": learned,
        "reached_zero": mse < PRINTED_ZERO,
        "stuck": ~(mse < CONSTANT_ERROR),  # a diverged run too
        "always_fell": ~history.rose & np.isfinite(mse),
        "born_dead": born_dead,
        "born_dead_one_input": before[:, :, 0].any(axis=1),
        "dead": dead,
        "dead_output": dead & ~is_dead(after[:, :-1]),
        "died": dead & ~born_dead,
        "revived": born_dead & ~dead,
        "failed_alive": ~learned & ~dead,
    }
    widths = zip(network.widths[1:], network.activations, strict=True)
    columns = {name: flag.astype(int) for name, flag in flags.items()} | {
        "mse": mse,
        "epochs_to_learn": np.where(history.first_below > 0, history.first_below, np.nan),
        "prediction": forward(network, history.layers, UNSEEN)[-1][:, 0, 0] / target_scale,
        "born_dead_formula": death_probability([n for n, name in widths if name == "relu"]),
    }
    status = np.where(np.isfinite(mse), "ok", "diverged")
    return pd.DataFrame(columns)[list(METRICS)].assign(status=status)


def forward(network: Network, layers: "Layers", x: Floats) -> list[Floats]:
    """Return each layer's outputs, (seeds, samples, units), for x of shape (samples, inputs)."""
    functions = {name: activate for name, (activate, _) in POSTED.items()} | {
        "linear": lambda z: z,
        "leaky_relu": lambda z: np.where(z > 0, z, LEAKY_SLOPE * z),
    }
    outputs = [x]
    with np.errstate(all="ignore"):  # of a network that has diverged
        for name, (weights, biases) in zip(network.activations, layers, strict=True):
            z = outputs[-1] @ weights.transpose(0, 2, 1) + biases[:, np.newaxis]
            outputs.append(functions[name](z))
    return outputs[1:]


def logged_epochs(epochs: int) -> list[int]:
    """Return 1, 3, 10, 30, 100, ... as long as they are below `epochs`, and `epochs`.

    Raises:
        ValueError: for no epochs.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    series = (step * 10**i for i in range(len(str(epochs))) for step in (1, 3))
    return [epoch for epoch in series if epoch < epochs] + [epochs]


def curves_of(seeds: Sequence[int], logged: Sequence[int], errors: Floats) -> pd.DataFrame:
    """Return `mse` by seed and logged epoch for the seeds below 100, in float32.

    A band over 100 curves is drawn no better with ten times as many, in a table ten times as long.
    """
    index = {"seed": np.repeat(list(seeds), len(logged)), "epoch": np.tile(logged, len(seeds))}
    with np.errstate(over="ignore"):  # of a network that diverges
        curves = pd.DataFrame(index | {"mse": errors.ravel().astype(np.float32)})
    return curves[curves["seed"] < CURVE_SEEDS].reset_index(drop=True)


if __name__ == "__main__":
    from repro.cli import run_study

    run_study("add_numbers")
