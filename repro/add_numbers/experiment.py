"""Thread 003: a network that adds two numbers, all ReLU, learns for some seeds only.

The snippet is a 2-4-4-1 network in numpy, with the same activation on all three layers, trained on
six sums, one a step, for 5,000 epochs at rate 0.01. It stands, with its two mistakes, in
`repro.add_numbers.posted`, the same network in Keras in `repro.add_numbers.rebuilt`; `experiment`
trains either, or what lies between them, for many seeds.
"""

from collections.abc import Sequence

import pandas as pd
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from repro.add_numbers.engine import train
from repro.add_numbers.measures import measure
from repro.add_numbers.settings import (
    BiasInitializer,
    BiasUpdate,
    Engine,
    ErrorWeights,
    HiddenActivation,
    Initializer,
    OutputActivation,
    Settings,
    UnitSigns,
)

DATA = None


def experiment(
    *,
    seeds: Sequence[int],
    hidden_activation: HiddenActivation = "relu",
    output_activation: OutputActivation = "relu",
    leaky_slope: NonNegativeFloat = 0.01,
    hidden_units: PositiveInt = 4,
    hidden_layers: PositiveInt = 2,
    initializer: Initializer = "normal",
    unit_signs: UnitSigns = "drawn",
    bias_initializer: BiasInitializer = "normal",
    bias_update: BiasUpdate = "posted",
    error_weights: ErrorWeights = "updated",
    target_scale: PositiveFloat = 1.0,
    learning_rate: PositiveFloat = 0.01,
    hidden_rate_factor: PositiveFloat = 1.0,
    momentum: NonNegativeFloat = 0.0,
    epochs: PositiveInt = 5000,
    engine: Engine = "compiled",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train one network per seed to add two numbers; the defaults are the thread's ReLU network.

    Args:
        seeds: of numpy's legacy generator, from which the thread draws weights and biases.
        hidden_activation: of the hidden layers.
        output_activation: of the output unit.
        leaky_slope: of leaky ReLU below zero.
        hidden_units: units of each hidden layer.
        hidden_layers: number of hidden layers.
        initializer: standard normal, as posted, or He's, the same draws times sqrt(2 / inputs).
        unit_signs: as drawn, or flipped, weights and bias, for each unit that fewer samples raise
            than lower.
        bias_initializer: standard normal, as posted, or zero.
        bias_update: `posted` subtracts rate x bias, `gradient` rate x gradient.
        error_weights: errors are passed back through the weights as this step has `updated` them,
            as posted, or through the `current` ones that made the prediction.
        target_scale: factor on the sums to learn; errors and predictions are scaled back.
        learning_rate: of gradient descent, one sample a step in the thread's order.
        hidden_rate_factor: the hidden layers' rate is so many times the output's.
        momentum: as in Keras' SGD.
        epochs: passes over the six samples.
        engine: the compiled loop, or the Keras model in `fit_seeds`, which has true gradients only.

    Returns:
        Runs, one row a seed with `METRICS` (see `repro.add_numbers.measures`), and curves: `mse` by
        seed and logged epoch, the mean of the six squared errors, each taken before its own update,
        as the thread prints it.

    Raises:
        ValueError: for no epochs, and for an update that the engine "keras" can not make.

    Source:
        Seed thread 003, question and answers.

    Examples:
        >>> from repro.add_numbers import experiment
        >>> runs, curves = experiment(seeds=range(3), epochs=100)
        >>> runs[["seed", "status"]].values.tolist()
        [[0, 'ok'], [1, 'ok'], [2, 'ok']]
    """
    settings = Settings(
        hidden_activation=hidden_activation,
        output_activation=output_activation,
        leaky_slope=leaky_slope,
        hidden_units=hidden_units,
        hidden_layers=hidden_layers,
        initializer=initializer,
        unit_signs=unit_signs,
        bias_initializer=bias_initializer,
        bias_update=bias_update,
        error_weights=error_weights,
        target_scale=target_scale,
        learning_rate=learning_rate,
        hidden_rate_factor=hidden_rate_factor,
        momentum=momentum,
        epochs=epochs,
        engine=engine,
    )
    return measure(settings, seeds, train(settings, seeds))
