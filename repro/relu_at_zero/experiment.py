"""Thread 001: does it matter which derivative ReLU gets at zero.

The answer says no, since a unit's input is rarely exactly zero, and posts a numpy snippet to try
0, 1/2 and 1. It stands in `repro.relu_at_zero.posted`, to be read beside the thread. `experiment`
runs it over many seeds, in three precisions, on data with and without structural zeros; with
`network="mnist_mlp"` it counts, as Bertoin et al. (2021) did, the random MNIST networks whose
gradient depends on the choice.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import PositiveFloat, PositiveInt

from repro.relu_at_zero.engine import logged_steps, scan_networks, train_compiled, train_keras
from repro.relu_at_zero.measures import compare, compare_rebuilt, describe
from repro.relu_at_zero.posted import DERIVATIVE, Repair, Start, attempt
from repro.relu_at_zero.random_mlp import AtZero
from repro.relu_at_zero.rebuilt import draw

DATA = "mnist"
METRICS = (
    "differs",
    "differs_anywhere",
    "change",
    "met_zero",
    "met_rounding_zero",
    "exact_zeros",
    "looked_at",
    "final_loss",
    "runs_to_end",
)


def experiment(
    *,
    seeds: Sequence[int],
    data: str = DATA,
    network: Literal["snippet", "mnist_mlp"] = "snippet",
    precision: Literal["float64", "float32", "float16"] = "float64",
    at_zero: Literal["zero", "half", "one"] = "one",
    backward: Literal["multiply", "assign"] = "multiply",
    lacking: Repair = "none",
    inputs: Literal["gaussian", "zero_sample", "integers"] = "gaussian",
    bias: Literal["column", "zero_start", "none"] = "column",
    kink: float = 0.0,
    shared_data: bool = False,
    engine: Literal["compiled", "keras"] = "compiled",
    steps: PositiveInt = 200,
    learning_rate: PositiveFloat = 0.002,
    hidden_layers: PositiveInt = 3,
    width: PositiveInt = 256,
    biases: Literal["uniform", "zeros", "dead_first"] = "uniform",
    batch_size: PositiveInt = 256,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare ReLU'(0) = `at_zero` with ReLU'(0) = 0, everything else equal, once a seed.

    The snippet trains both; the MNIST network, untrained, compares both gradients on the training
    images, minibatch by minibatch, until they differ.

    Args:
        seeds: one run each; they decide data and initial weights.
        data: `mnist` or `mnist5k`; the snippet makes its own.
        network: which network; the other one's arguments are ignored.
        precision: of all numbers and operations.
        at_zero: the derivative where a hidden unit's input is exactly zero.
        backward: `assign` lets it take the gradient's place instead of multiplying it, as the
            thread's line for 1/2 does, and the code published with Bertoin et al. (2021).
        lacking: the repair of the snippet that is not made; `all` makes none.
        inputs: snippet; see `repro.relu_at_zero.rebuilt.draw`.
        bias: snippet; likewise.
        kink: snippet; the activation is max(input, kink), and "zero" then means the kink.
        shared_data: snippet; every seed trains on the data of seed 0.
        engine: snippet; `keras` trains the rebuild through `fit_seeds`, on shared data only.
        steps: snippet; iterations.
        learning_rate: snippet; step size.
        hidden_layers: MNIST network.
        width: MNIST network; units of each hidden layer.
        biases: MNIST network; see `repro.relu_at_zero.random_mlp.draw`.
        batch_size: MNIST network; images a minibatch, in the order of the data set.

    Returns:
        Runs, one row a seed, with
            differs: the first layer's final weights (snippet) or gradient (MNIST network) are not
                those of ReLU'(0) = 0;
            differs_anywhere: some layer's weights, biases or gradient, or a logged loss, are not;
            change: Euclidean norm of the first layer's difference, relative to ReLU'(0) = 0;
            met_zero: some hidden unit's input was exactly zero;
            met_rounding_zero: one was that is not zero in more exact arithmetic;
            exact_zeros: share of the hidden units' inputs that were exactly zero;
            looked_at: how many inputs that is a share of;
            final_loss: sum of squared errors before the last step (snippet);
            runs_to_end: no line raised;
        all but the last NaN where a line raised (status `crashed`), or where there is none.
        Curves: `step`, and `loss` before it (snippet) or `exact_zeros` up to it.

    Raises:
        ValueError: `engine="keras"` without shared data, or with what Keras does not do.

    Source:
        Seed thread 001, answer; Bertoin, Bolte, Gerchinovitz, Pauwels (2021), "Numerical influence
        of ReLU'(0) on backpropagation", section 3, and the code published with it.
    """
    rates: dict[str, Any] = {"kink": kink, "learning_rate": learning_rate}
    drawn = partial(draw, inputs=inputs, bias=bias)
    if network == "mnist_mlp":
        widths = [784, *[width] * hidden_layers, 10]
        rule = AtZero(DERIVATIVE[at_zero], backward == "assign")
        scans = scan_networks(seeds, data, precision, widths, rule, biases, batch_size)
        runs, curves = describe(seeds, scans)
    elif lacking not in ("none", "seed_first"):
        runs, curves = _attempts(seeds, lacking, steps, at_zero=at_zero, backward=backward, **rates)
    elif engine == "keras":
        if not shared_data or backward == "assign":
            raise ValueError("engine 'keras' needs shared_data = true and backward = 'multiply'")
        given = partial(drawn, data_seed=0)
        fit = partial(train_keras, seeds, given, steps, precision=precision, **rates)
        (losses, weights), (_, of_zero) = fit(at_zero=at_zero), fit(at_zero="zero")
        runs, curves = compare_rebuilt(losses, weights, of_zero, logged_steps(steps))
    else:
        ours, zero = (_starts(seeds, drawn, c, lacking, shared_data) for c in (at_zero, "zero"))
        options = rates | {"steps": steps, "precision": precision}
        trained = train_compiled(ours, DERIVATIVE[at_zero], backward == "assign", **options)
        reference = train_compiled(zero, 0.0, **options)
        runs, curves = compare(seeds, trained, reference, logged_steps(steps))
    return runs.reindex(columns=["seed", *METRICS, "status"]), curves


def _starts(
    seeds: Sequence[int], drawn: Callable[..., Start], choice: str, lacking: str, shared_data: bool
) -> list[Start]:
    def data_seed(seed: int) -> Any:
        # each choice is a run of the script, and without the seed each run draws its own data
        if lacking == "seed_first":
            return [seed, 1 + list(DERIVATIVE).index(choice)]
        return 0 if shared_data else None

    return [drawn(np.random.RandomState(seed), data_seed=data_seed(seed)) for seed in seeds]


def _attempts(
    seeds: Sequence[int], lacking: str, steps: int, **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the snippet without a repair that it needs, and note whether it gets to its end."""
    rows = []
    for seed in seeds:
        loss = attempt(np.random.RandomState(seed), lacking, steps, **options)
        row = {"runs_to_end": 0, "status": "crashed"}
        if loss is not None:
            row = {"final_loss": loss, "runs_to_end": 1, "status": "ok"}
        rows.append({"seed": seed} | dict.fromkeys(METRICS, np.nan) | row)
    return pd.DataFrame(rows), pd.DataFrame({"seed": [], "step": [], "loss": []})
