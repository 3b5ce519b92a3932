"""Thread 000: a 3-4-1 network learns `not x3` with sigmoid everywhere, and not with ReLU.

The snippet trains on six rows at once for 500,000 iterations, in numpy, without a bias or a
learning rate, and draws its weights after `numpy.random.seed(1)`. It stands in
`repro.truth_table.posted`, the same network in Keras in `repro.truth_table.rebuilt`; `experiment`
trains either, or what lies between them, for many seeds.
"""

from collections.abc import Sequence

import pandas as pd
from pydantic import NonNegativeFloat

from repro.truth_table.engine import train
from repro.truth_table.measures import measure
from repro.truth_table.settings import (
    Backpropagation,
    Engine,
    HiddenActivation,
    Initializer,
    OutputActivation,
    Settings,
)

DATA = None


def experiment(
    *,
    seeds: Sequence[int],
    hidden_activation: HiddenActivation = "sigmoid",
    output_activation: OutputActivation = "sigmoid",
    leaky_slope: NonNegativeFloat = 0.01,
    backpropagation: Backpropagation = "posted",
    bias: bool = False,
    learning_rate: float = 1.0,
    initializer: Initializer = "uniform",
    iterations: int = 500_000,
    learned_below: float = 0.05,
    every_step: bool = False,
    engine: Engine = "compiled",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train the thread's network once a seed; the defaults are its sigmoid network.

    Args:
        seeds: of numpy's legacy generator, from which the thread draws its weights.
        hidden_activation: of the four hidden units.
        output_activation: of the output unit.
        leaky_slope: of leaky ReLU below zero.
        backpropagation: `posted`: by the thread's code with the smallest repair (the name
            `syn0Performing` becomes `syn0`). `verbatim`: without the repair. `answer`: with the
            answer's `relu` in place of the posted one; `answer_returned`: with one that also
            returns its mask. `true`: right gradients. `verbatim` and `answer` stop in the first
            iteration, so that the parameters below make no difference to them.
        bias: both layers have biases that start at zero and are trained.
        learning_rate: the thread has none, which is 1.
        initializer: of the weights: uniform in [-1, 1) as posted, or He's normal.
        iterations: gradient steps on all six rows.
        learned_below: a run has learned if its mean absolute error ends below this.
        every_step: every iteration is looked at, in place of the first, the second and the powers
            of ten.
        engine: what trains: the compiled loop (`posted`, `true`); the thread's own code in `numpy`,
            slow (all but `true`); or the Keras model in `fit_seeds` (`true`), which tells errors
            and no other metric.

    Returns:
        Runs, one row a seed with `METRICS` (see `repro.truth_table.measures`), and curves:
        `mean_abs_error` and `constant_output` by seed and logged step. Step n is what the thread's
        code sees in its n-th iteration, before the update.

    Raises:
        ValueError: for a rate or a number of iterations that is not positive, an engine that can't
            train so, activations that the thread's code does not have with any backpropagation but
            `true`, and the answer's ReLU in a network without ReLU.

    Source:
        Seed thread 000, question and answer.

    Examples:
        >>> from repro.truth_table import experiment
        >>> runs, curves = experiment(seeds=range(3), iterations=1000)
        >>> runs[["seed", "status"]].values.tolist()
        [[0, 'ok'], [1, 'ok'], [2, 'ok']]
    """
    settings = Settings(
        hidden_activation=hidden_activation,
        output_activation=output_activation,
        leaky_slope=leaky_slope,
        backpropagation=backpropagation,
        bias=bias,
        learning_rate=learning_rate,
        initializer=initializer,
        iterations=iterations,
        learned_below=learned_below,
        every_step=every_step,
        engine=engine,
    )
    return measure(settings, seeds, train(settings, seeds))
