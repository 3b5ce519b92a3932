"""Thread 000: a 3-4-1 network learns `not x3` with sigmoid everywhere, and not with ReLU.

The snippet trains on six rows at once for 500,000 iterations, in numpy, without a bias or a
learning rate, and draws its weights after `numpy.random.seed(1)`. It stands in
`repro.truth_table.posted`, the same network in Keras in `repro.truth_table.rebuilt`; `experiment`
trains either, or what lies between them, for many seeds.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from repro.truth_table.engine import snapshots, train_keras
from repro.truth_table.measures import measure, summarize
from repro.truth_table.posted import runs_as_written
from repro.truth_table.rebuilt import Initializer, Network

Code = Literal["posted", "verbatim", "answer", "answer_returned", "true", "keras"]

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
CURVE_SEEDS = 100


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
        Runs, one row a seed with `METRICS` (see `measure` in `repro.truth_table.measures`), and
        curves: `mean_abs_error` and `constant_output` by seed (those below 100) and logged step.
        Step n is what the thread's code sees in its n-th iteration, before the update.

    Raises:
        ValueError: for a rate or a number of iterations that is not positive, and for activations
            that the thread's code does not have with any `code` but `true` and `keras`.

    Source:
        Seed thread 000, question and answer.
    """
    network = Network(hidden_activation, output_activation, bias, learning_rate, initializer)
    _check(network, code, iterations)
    if not runs_as_written(code, hidden_activation, output_activation):
        return _crashed(seeds)
    curves = _curves(network, code, seeds, iterations)
    runs = summarize(curves, learned_below)[["seed", *METRICS, "status"]]
    shown = curves[curves.seed < CURVE_SEEDS][["seed", "step", "mean_abs_error", "constant_output"]]
    return runs, shown.sort_values(["seed", "step"], ignore_index=True)


def _curves(network: Network, code: str, seeds: Sequence[int], iterations: int) -> pd.DataFrame:
    if code == "keras":
        unknown = dict.fromkeys(set(METRICS) - {"mean_abs_error"}, np.nan)
        return train_keras(network, seeds, iterations).assign(**unknown)
    steps = snapshots(network, code, seeds, iterations)
    return pd.concat([measure(network, seeds, step, at) for step, at in steps])


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
