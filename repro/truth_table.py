"""Thread 000: a 3-4-1 network learns `not x3` with sigmoid everywhere, and not with ReLU.

The snippet trains on six rows at once for 500,000 iterations, in numpy, without a bias or a
learning rate, and draws its weights after `numpy.random.seed(1)`. `train_posted` is that code,
`build_model` the same network in Keras, and `experiment` trains either, or what lies between them,
for many seeds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float64]
Function = Callable[..., Any]
Code = Literal["posted", "verbatim", "answer", "answer_returned", "true", "keras"]
Initializer = Literal["uniform", "he_normal"]

X = np.array([[0, 0, 1], [0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 0, 0], [0, 1, 0]], float)
Y = np.array([[0], [1], [0], [0], [1], [1]], float)  # not x3
UNITS = 4
SLOPES = {"relu": 0.0, "leaky_relu": 0.01, "linear": 1.0}  # at and below zero
LOGGED = (1, 2, 10, 100, 1_000, 10_000, 100_000)
EARLY = 10
RESOLUTION = float(np.finfo(float).eps)
CURVE_SEEDS = 100

DATA = None
METRICS = (
    "mean_abs_error",
    "moving_error",
    "learned",
    "below_floor",
    "constant_output",
    "constant_output_early",
    "dead_fraction",
    "largest_output",
    "runs_as_written",
)


def experiment(
    *,
    seeds: Sequence[int],
    code: Code = "posted",
    hidden_activation: Literal["sigmoid", "relu", "leaky_relu"] = "sigmoid",
    output_activation: Literal["sigmoid", "relu", "leaky_relu", "linear"] = "sigmoid",
    bias: bool = False,
    learning_rate: float = 1.0,
    initializer: Initializer = "uniform",
    iterations: int = 500_000,
    learned_below: float = 0.05,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train the thread's network once a seed; the defaults are its sigmoid network.

    Args:
        seeds: of numpy's legacy generator, from which the thread draws its weights.
        code: what trains. `posted`: the thread's code with the smallest repair (the name
            `syn0Performing` becomes `syn0`). `verbatim`: without the repair. `answer`: with the
            answer's `relu` in place of the posted one; `answer_returned`: which also returns its
            mask. `true`: right gradients. `keras`: the same through `fit_seeds`.
        hidden_activation: of the four hidden units; leaky ReLU has slope 0.01.
        output_activation: of the output unit.
        bias: both layers have biases that start at zero and are trained.
        learning_rate: the thread has none, which is 1.
        initializer: of the weights: uniform in [-1, 1) as posted, or He's normal.
        iterations: gradient steps on all six rows.
        learned_below: a run has learned if its mean absolute error ends below this.

    Returns:
        Runs, one row a seed with `METRICS` (see `measure`), and curves: `mean_abs_error` and
        `constant_output` by seed (those below 100) and logged step. Step n is what the thread's
        code sees in its n-th iteration, before the update.

    Raises:
        ValueError: for a rate or a number of iterations that is not positive, and for activations
            that the thread's code does not have with any `code` but `true` and `keras`.

    Source:
        Seed thread 000, question and answer.
    """
    network = Network(hidden_activation, output_activation, bias, learning_rate, initializer)
    _check(network, code, iterations)
    if not runs_as_written(code, network):
        return _crashed(seeds)
    if code == "keras":
        curves = _train_keras(network, seeds, iterations)
    else:
        start = np.stack([draw(np.random.RandomState(seed), initializer) for seed in seeds])
        descend = _numpy_descent(network) if code == "answer_returned" else _descent(network, code)
        snapshots = train(start, descend, logged_steps(iterations))
        curves = pd.concat([measure(network, seeds, step, at) for step, at in snapshots])
    shown = curves[curves.seed < CURVE_SEEDS][["seed", "step", "mean_abs_error", "constant_output"]]
    return summarize(curves, learned_below), shown.sort_values(["seed", "step"], ignore_index=True)


@dataclass(frozen=True)
class Network:
    """What is trained, and at which rate; fields as in `experiment`."""

    hidden_activation: str = "sigmoid"
    output_activation: str = "sigmoid"
    bias: bool = False
    learning_rate: float = 1.0
    initializer: Initializer = "uniform"

    @property
    def structural_floor(self) -> float:
        """The mean absolute error that no weights get below.

        Without biases the row (0, 0, 0), whose target is 1, gives a ReLU hidden layer 0 whatever
        the weights, and an output unit f that sees nothing but zeros gives f(0). One row of six is
        therefore wrong by |1 - f(0)|: 1/6 if f is ReLU or linear, 1/12 if it is the sigmoid. A
        sigmoid hidden unit says 1/2 to that row and passes it on.
        """
        if self.bias or activate(self.hidden_activation, np.zeros(1))[0] != 0:
            return 0.0
        return float(abs(1 - activate(self.output_activation, np.zeros(1))[0])) / len(X)


class Weights(NamedTuple):
    """The parameters of one network, or of many with a leading seed axis."""

    syn0: Floats  # (3, 4)
    b0: Floats  # (4,)
    syn1: Floats  # (4, 1)
    b1: Floats  # (1,)


def unpack(parameters: Floats) -> Weights:
    """Return views of parameters (…, 21) in the shapes of `Weights`."""
    seeds = parameters.shape[:-1]
    syn0, b0, syn1, b1 = np.split(parameters, [12, 16, 20], axis=-1)
    return Weights(syn0.reshape(*seeds, 3, UNITS), b0, syn1.reshape(*seeds, UNITS, 1), b1)


def draw(generator: Any, initializer: str = "uniform") -> Floats:
    """Draw one network's parameters (21,): weights in the thread's order, biases zero.

    `generator` is numpy's legacy one: a `RandomState` or the module `numpy.random`.
    """
    parameters = np.zeros(21)
    for weights in unpack(parameters)[::2]:
        if initializer == "uniform":
            weights[:] = 2 * generator.random_sample(weights.shape) - 1
        else:
            weights[:] = generator.standard_normal(weights.shape) * np.sqrt(2 / len(weights))
    return parameters


# As posted ---------------------------------------------------------------------------------------


def nonlin(x: Floats, deriv: bool = False) -> Floats:
    """Sigmoid as posted; `deriv` expects the sigmoid's value."""
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


def relu(x: Floats, deriv: bool = False) -> Floats:
    """ReLU as posted; either branch writes into its argument, and returns it."""
    if deriv:
        for i in range(len(x)):
            for k in range(len(x[i])):
                if x[i][k] > 0:
                    x[i][k] = 1
                else:
                    x[i][k] = 0
        return x
    for i in range(len(x)):
        for k in range(len(x[i])):
            if x[i][k] > 0:
                pass
            else:
                x[i][k] = 0
    return x


def answer_relu(x: Floats, deriv: bool = False) -> Floats | None:
    """ReLU as the answer has it, vectorized; returns nothing for `deriv`."""
    if deriv:
        mask = x > 0
        x[mask] = 1
        x[~mask] = 0
        return None
    else:
        return np.maximum(0, x)


def answer_relu_returned(x: Floats, deriv: bool = False) -> Floats:
    """The answer's ReLU with the return that it lacks."""
    value = answer_relu(x, deriv)
    return x if value is None else value


def train_posted(
    weights: Weights,
    hidden: Function,
    output: Function,
    *,
    iterations: int,
    learning_rate: float = 1.0,
    bias: bool = False,
) -> float:
    """Train one network in place as the thread does; return its "Final Error".

    The thread's loop, but for the name `syn0` where it has `syn0Performing`, and for what it leaves
    out and we vary: rate and biases (which stay zero without `bias`).

    Args:
        weights: initial weights; they are trained.
        hidden: where the thread has `nonlin` for `l1`.
        output: where the thread has `nonlin` for `l2`.
        iterations: passes over the six rows; at least one.
        learning_rate: factor on every update.
        bias: train the biases too.

    Returns:
        The mean absolute error of the last iteration, before its update.
    """
    syn0, b0, syn1, b1 = weights
    for _ in range(iterations):
        l0 = X
        l1 = hidden(np.dot(l0, syn0) + b0)
        l2 = output(np.dot(l1, syn1) + b1)
        l2_error = Y - l2
        l2_delta = l2_error * output(l2, deriv=True)
        l1_error = l2_delta.dot(syn1.T)
        l1_delta = l1_error * hidden(l1, deriv=True)
        syn1 += learning_rate * l1.T.dot(l2_delta)  # a posted relu has made a mask of l1 by now
        syn0 += learning_rate * l0.T.dot(l1_delta)
        if bias:
            b1 += learning_rate * l2_delta.sum(axis=0)
            b0 += learning_rate * l1_delta.sum(axis=0)
    return float(np.mean(np.abs(l2_error)))


def verbatim_l1(l0: Floats, syn0: Floats) -> Floats:
    """The loop's second line as it was posted: the name in it is bound nowhere."""
    return nonlin(np.dot(l0, syn0Performing))  # type: ignore[name-defined]  # noqa: F821


def posted_functions(network: Network, code: str = "posted") -> tuple[Function, Function]:
    """Return the thread's function for each layer, or the answer's in place of `relu`."""
    relus = {"answer": answer_relu, "answer_returned": answer_relu_returned}
    functions = {"sigmoid": nonlin, "relu": relus.get(code, relu)}
    return functions[network.hidden_activation], functions[network.output_activation]


def runs_as_written(code: Code, network: Network) -> bool:
    """Whether one iteration of the code runs; it does not if Python raises NameError, TypeError."""
    weights = unpack(draw(np.random.RandomState(1)))
    try:
        if code == "verbatim":
            verbatim_l1(X, weights.syn0)
        elif code in ("answer", "answer_returned"):
            train_posted(weights, *posted_functions(network, code), iterations=1)
    except (NameError, TypeError):
        return False
    return True


# The rebuild -------------------------------------------------------------------------------------


def build_model(network: Network) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of the thread's code
    after `numpy.random.seed(seed)`. An epoch with `batch_size=6` is an iteration of the thread, and
    its metric `mean_abs_error` is what the thread prints.
    """
    import keras

    def layer(units: int, activation: str) -> "keras.layers.Layer":
        function: Any = _leaky_relu if activation == "leaky_relu" else activation
        return keras.layers.Dense(units, function, use_bias=network.bias, dtype="float64")

    def rate() -> np.float64:
        # Keras would make float32 of a plain number; its gradient is that of the squared error,
        # the thread's that of half of it
        return np.float64(network.learning_rate / 2)

    syn0, b0, syn1, b1 = unpack(draw(np.random, network.initializer))
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            layer(UNITS, network.hidden_activation),
            layer(1, network.output_activation),
        ]
    )
    model.set_weights([syn0, b0, syn1, b1] if network.bias else [syn0, syn1])
    model.compile(
        keras.optimizers.SGD(rate),
        loss=keras.losses.MeanSquaredError(reduction="sum", dtype="float64"),
        metrics=[keras.metrics.MeanAbsoluteError("mean_abs_error", dtype="float64")],
    )
    return model


def _leaky_relu(z: Any) -> Any:
    import keras

    # Keras' own would make float32 of the slope
    return keras.ops.where(z > 0, z, SLOPES["leaky_relu"] * z)


# Training many seeds -----------------------------------------------------------------------------


class Descend(Protocol):
    """Takes gradient steps on parameters (seeds, 21), in place."""

    def __call__(self, parameters: Floats, updates: int) -> None: ...  # noqa: D102


def train(
    parameters: Floats, descend: Descend, steps: Sequence[int]
) -> Iterator[tuple[int, Floats]]:
    """Yield each step (from 1, rising) and the parameters (seeds, 21) before its update.

    An update depends on nothing but the parameters. So a seed that an update leaves as it was, to
    the bit, is left as it was by all later ones, and they need not be computed.
    """
    parameters = parameters.copy()
    moving = np.arange(len(parameters))
    at = 1
    for step in steps:
        if step > at and len(moving):
            now = parameters[moving]
            descend(now, step - at - 1)
            before = now.copy()
            descend(now, 1)
            parameters[moving] = now
            moving = moving[~((now == before) | np.isnan(now)).all(axis=1)]
        at = step
        yield step, parameters.copy()


def logged_steps(iterations: int) -> list[int]:
    """Return the steps of `LOGGED` that are below `iterations`, and `iterations`."""
    return [step for step in LOGGED if step < iterations] + [iterations]


def _descent(network: Network, code: Code) -> Descend:
    from repro.training.compiled.truth_table import Rule, descend

    hidden, output = network.hidden_activation, network.output_activation
    rule = Rule(
        sigmoid_hidden=hidden == "sigmoid",
        hidden_slope=SLOPES.get(hidden, 0.0),
        sigmoid_output=output == "sigmoid",
        output_slope=SLOPES.get(output, 0.0),
        masks=code == "posted" and hidden == "relu",
        learning_rate=network.learning_rate,
        bias_rate=network.learning_rate * network.bias,
    )
    return lambda parameters, updates: descend(parameters, X, Y[:, 0], rule, updates)


def _numpy_descent(network: Network) -> Descend:
    functions = posted_functions(network, "answer_returned")

    def descend(parameters: Floats, updates: int) -> None:
        for one in parameters if updates else ():
            train_posted(
                unpack(one), *functions, iterations=updates,
                learning_rate=network.learning_rate, bias=network.bias,
            )  # fmt: skip

    return descend


def _train_keras(network: Network, seeds: Sequence[int], iterations: int) -> pd.DataFrame:
    """Return the curves of the rebuild; Keras' history holds the error alone."""
    from repro.training.fit import fit_seeds

    fit = fit_seeds(
        lambda: build_model(network), X, Y, seeds=seeds, epochs=iterations, batch_size=len(X),
        shuffle=False, block_size=len(seeds),
    )  # fmt: skip
    frame = fit.frame.rename(columns={"epoch": "step"})
    unknown = dict.fromkeys(set(METRICS) - {"mean_abs_error"}, np.nan)
    logged = frame[frame.step.isin(logged_steps(iterations))]
    return logged[["seed", "step", "mean_abs_error"]].assign(**unknown)


# What is measured --------------------------------------------------------------------------------


def activate(name: str, z: Floats) -> Floats:
    """Return the activation function of that name at z."""
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z))
    return np.where(z > 0, z, SLOPES[name] * z)


def derivative(name: str, values: Floats) -> Floats:
    """Return the derivative of the activation function of that name where it has these values."""
    if name == "sigmoid":
        return values * (1 - values)
    return np.where(values > 0, 1, SLOPES[name])


def measure(network: Network, seeds: Sequence[int], step: int, parameters: Floats) -> pd.DataFrame:
    """Return one row a seed: how the networks (seeds, 21) do on the six rows at that step.

    - mean_abs_error: over the six rows, as the thread prints it, but `RESOLUTION` where it is less:
      that is rounding, and a logarithmic axis would lose the zeros.
    - moving_error: the part of it from rows whose error moves any parameter, see `moves`.
    - below_floor: 1 if the error is below the network's structural floor, else 0.
    - constant_output: 1 if all six outputs are the same number, else 0.
    - dead_fraction: share of hidden units that are 0 on all six rows.
    - largest_output: the largest magnitude of an output.
    """
    weights = unpack(parameters)
    with np.errstate(all="ignore"):  # of a network that has diverged
        sums = X @ weights.syn0 + weights.b0[:, np.newaxis]
        hidden = activate(network.hidden_activation, sums)  # (seeds, 6, 4)
        sums = hidden @ weights.syn1 + weights.b1[:, np.newaxis]
        outputs = activate(network.output_activation, sums)[:, :, 0]  # (seeds, 6)
        errors = np.abs(Y[:, 0] - outputs)
        error = errors.mean(axis=1)
        moving = moves(network, weights, hidden, outputs)
    columns = {
        "mean_abs_error": np.maximum(error, RESOLUTION),
        "moving_error": np.where(moving, errors, 0).mean(axis=1),
        "below_floor": (error < network.structural_floor - 1e-12).astype(int),
        "constant_output": (outputs == outputs[:, :1]).all(axis=1).astype(int),
        "dead_fraction": (hidden == 0).all(axis=1).mean(axis=1),
        "largest_output": np.abs(outputs).max(axis=1),
    }
    return pd.DataFrame({"seed": list(seeds), "step": step, **columns})


def moves(network: Network, weights: Weights, hidden: Floats, outputs: Floats) -> NDArray[np.bool_]:
    """Whether an error on a row would change any parameter, (seeds, 6).

    The gradient is exactly zero if the output unit's derivative is, or if nothing reaches that unit
    through a weight that could change: no hidden unit that is not 0, no input that is not 0 to a
    unit with a derivative and a way on, no bias.
    """
    if network.bias:
        reaches = np.array(True)
    else:
        ways_on = derivative(network.hidden_activation, hidden) * weights.syn1.swapaxes(1, 2)
        reaches = (hidden != 0).any(axis=2) | (X.any(axis=1) & (ways_on != 0).any(axis=2))
    return (derivative(network.output_activation, outputs) != 0) & reaches


def summarize(curves: pd.DataFrame, learned_below: float) -> pd.DataFrame:
    """Return the runs, one row a seed, from `measure` at the logged steps.

    Metrics are those of the last step, and: learned, 1 if the error is below `learned_below`;
    constant_output_early, the same at step 10; largest_output, of all logged steps.
    """
    at = {step: rows.set_index("seed") for step, rows in curves.groupby("step")}
    runs, early = at[max(at)], at[max(step for step in at if step <= EARLY)]
    return runs.assign(
        learned=(runs["mean_abs_error"] < learned_below).astype(int),
        constant_output_early=early["constant_output"],
        largest_output=curves.groupby("seed")["largest_output"].max(),
        runs_as_written=1,
        status=np.where(np.isfinite(runs["mean_abs_error"]), "ok", "diverged"),
    ).reset_index()[["seed", *METRICS, "status"]]


def _crashed(seeds: Sequence[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    nothing = dict.fromkeys(METRICS, np.nan) | {"runs_as_written": 0, "status": "crashed"}
    curves = pd.DataFrame(columns=["seed", "step", "mean_abs_error", "constant_output"])
    return pd.DataFrame([{"seed": seed} | nothing for seed in seeds]), curves


def _check(network: Network, code: Code, iterations: int) -> None:
    for name, value in (("learning_rate", network.learning_rate), ("iterations", iterations)):
        if value <= 0:
            raise ValueError(f"{name} must be positive, got {value}")
    for name in (network.hidden_activation, network.output_activation):
        if code not in ("true", "keras") and name not in ("sigmoid", "relu"):
            raise ValueError(f'the thread has no {name}: give code = "true", not "{code}"')


if __name__ == "__main__":
    from repro.cli import run_study

    run_study("truth_table")
