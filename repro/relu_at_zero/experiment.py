"""Thread 001: does it matter which derivative ReLU gets at zero.

The answer says no, since a unit's input is rarely exactly zero, and posts a numpy snippet to try
0, 1/2 and 1. It stands in `repro.relu_at_zero.posted`, to be read beside the thread. There are two
experiments. `snippet` runs it over many seeds, in three precisions, on data with and without
structural zeros. `mnist_mlp` counts, as Bertoin et al. (2021) did, the random MNIST networks whose
gradient depends on the choice.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import PositiveFloat, PositiveInt

from repro.relu_at_zero.engine import scan, train
from repro.relu_at_zero.measures import Tables, measure, measure_scans
from repro.relu_at_zero.posted import Repair
from repro.relu_at_zero.settings import (
    Activation,
    AtKink,
    Backward,
    Bias,
    Biases,
    Choice,
    Engine,
    Inputs,
    MnistMlp,
    PrecisionName,
    Snippet,
)

DATA = "mnist"


def experiment(
    *, seeds: Sequence[int], network: Literal["snippet", "mnist_mlp"] = "snippet", **parameters: Any
) -> Tables:
    """Compare a ReLU'(0) with ReLU'(0) = 0, everything else equal, once a seed.

    Args:
        seeds: one run each; they decide data and initial weights.
        network: which experiment, a key of `EXPERIMENTS`.
        parameters: of that experiment; another one's are an error.

    Returns:
        Runs, one row a seed with `METRICS` (see `repro.relu_at_zero.measures`), and curves.

    Raises:
        TypeError: for a parameter that the chosen experiment does not have.
        ValueError: as that experiment does.

    Examples:
        >>> from repro.relu_at_zero import experiment
        >>> runs, curves = experiment(seeds=range(3), steps=10)
        >>> runs[["seed", "status"]].values.tolist()
        [[0, 'ok'], [1, 'ok'], [2, 'ok']]
    """
    return EXPERIMENTS[network](seeds=seeds, **parameters)


def snippet(
    *,
    seeds: Sequence[int],
    precision: PrecisionName = "float64",
    activation: Activation = "relu",
    at_zero: Choice = "one",
    backward: Backward = "multiply",
    lacking: Repair = "none",
    inputs: Inputs = "gaussian",
    bias: Bias = "column",
    kink: float = 0.0,
    shared_data: bool = False,
    engine: Engine = "compiled",
    steps: PositiveInt = 200,
    learning_rate: PositiveFloat = 0.002,
) -> Tables:
    """Train the snippet's network with ReLU'(0) = `at_zero` and with ReLU'(0) = 0, once a seed.

    Args:
        seeds: one run each; they decide data and initial weights.
        precision: of all numbers and operations.
        activation: of the hidden layer; sigmoid has no derivative at zero to compare.
        at_zero: the derivative where a hidden unit's input is exactly zero.
        backward: `assign` lets it take the gradient's place instead of multiplying it, as the
            thread's line for 1/2 does; `left_out` takes ReLU's derivative for 1 everywhere;
            `sigmoid` keeps the line of a sigmoid network, which multiplies by a (1 - a) of the
            unit's output a.
        lacking: the repair of the snippet that is not made; `all` makes none. Without any repair
            but `seed_first` the posted lines are run one by one, in numpy.
        inputs: see `repro.relu_at_zero.rebuilt.draw`.
        bias: likewise.
        kink: the activation is max(input, kink), and "zero" then means the kink.
        shared_data: every seed trains on the data of seed 0.
        engine: the compiled loop, or the Keras model in `fit_seeds`, on shared data only.
        steps: iterations.
        learning_rate: step size.

    Returns:
        Runs, one row a seed with `METRICS` (see `repro.relu_at_zero.measures`), and curves: by
        seed and logged step, `loss` before it and `exact_zeros` up to it.

    Raises:
        ValueError: for steps or a rate that are not positive, the engine "keras" without shared
            data or with another `backward` than `multiply`, shared data that every run draws anew,
            and choices that have no effect: on the posted lines while they lack a repair, and at
            zero where ReLU's derivative there plays no part.

    Source:
        Seed thread 001, answer.
    """
    settings = Snippet(
        precision=precision,
        activation=activation,
        at_zero=at_zero,
        backward=backward,
        lacking=lacking,
        inputs=inputs,
        bias=bias,
        kink=kink,
        shared_data=shared_data,
        engine=engine,
        steps=steps,
        learning_rate=learning_rate,
    )
    return measure(settings, seeds, train(settings, seeds))


def mnist_mlp(
    *,
    seeds: Sequence[int],
    data: str = DATA,
    precision: PrecisionName = "float64",
    at_zero: Choice = "one",
    backward: AtKink = "multiply",
    hidden_layers: PositiveInt = 3,
    hidden_units: PositiveInt = 256,
    biases: Biases = "uniform",
    batch_size: PositiveInt = 256,
    accumulated: bool = False,
) -> Tables:
    """Compare both gradients of a random MNIST network, untrained, once a seed.

    The training images pass minibatch by minibatch, until the gradients differ.

    Args:
        seeds: one network each.
        data: `mnist` or `mnist5k`.
        precision: of all numbers and operations.
        at_zero: the derivative where a hidden unit's input is exactly zero.
        backward: `assign` lets it take the gradient's place instead of multiplying it, as the code
            published with Bertoin et al. (2021) does.
        hidden_layers: number of hidden layers.
        hidden_units: units of each hidden layer.
        biases: see `repro.relu_at_zero.random_mlp.draw`.
        batch_size: images a minibatch, in the order of the data set.
        accumulated: each minibatch's gradients are added to those before it and the sums are
            compared, as in the published notebook, which never sets them to zero.

    Returns:
        Runs, one row a seed with `METRICS` (see `repro.relu_at_zero.measures`), and curves: the
        last minibatch as `step`, and `exact_zeros` up to it.

    Raises:
        ValueError: for a size that is not positive.

    Source:
        Bertoin, Bolte, Gerchinovitz, Pauwels (2021), "Numerical influence of ReLU'(0) on
        backpropagation", section 3, and the code published with it.
    """
    settings = MnistMlp(
        data=data,
        precision=precision,
        at_zero=at_zero,
        backward=backward,
        hidden_layers=hidden_layers,
        hidden_units=hidden_units,
        biases=biases,
        batch_size=batch_size,
        accumulated=accumulated,
    )
    return measure_scans(settings, seeds, scan(settings, seeds))


EXPERIMENTS: dict[str, Callable[..., Tables]] = {"snippet": snippet, "mnist_mlp": mnist_mlp}
