"""Thread 002: an MNIST network on raw pixels does well with sigmoid and badly with ReLU.

The snippet is a 784-100-10 network with softmax and categorical cross-entropy, trained by Keras'
`sgd` (rate 0.01) in batches of 100 for 15 epochs on pixels of 0..255. `experiment` rebuilds it with
everything the thread varies or proposes, and what it should have varied, as parameters.
"""

from collections.abc import Sequence
from typing import Annotated

import pandas as pd
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from repro.mnist_relu.engine import train
from repro.mnist_relu.measures import measure
from repro.mnist_relu.settings import (
    Frozen,
    HiddenActivation,
    Initializer,
    OptimizerName,
    OutputActivation,
    make_settings,
)

DATA = "mnist"
Decay = Annotated[float, Field(ge=0, lt=1)]


def experiment(
    *,
    seeds: Sequence[int],
    data: str = DATA,
    epochs: PositiveInt = 15,
    batch_size: PositiveInt = 100,
    steps_per_epoch: NonNegativeInt = 0,
    hidden_activation: HiddenActivation = "sigmoid",
    leaky_slope: Annotated[float, Field(ge=0, lt=1)] = 0.01,
    output_activation: OutputActivation = "softmax",
    cross_entropy_epsilon: Annotated[float, Field(gt=0, lt=0.1)] = 1e-7,
    hidden_units: PositiveInt = 100,
    input_scale: PositiveFloat = 1.0,
    standardize: bool = False,
    optimizer: OptimizerName = "sgd",
    learning_rate: PositiveFloat = 0.01,
    early_rate: PositiveFloat = 0.01,
    early_epochs: NonNegativeInt = 0,
    momentum: Decay = 0.9,
    rmsprop_rho: Decay = 0.9,
    adam_beta_1: Decay = 0.9,
    adam_beta_2: Decay = 0.999,
    optimizer_epsilon: PositiveFloat = 1e-7,
    first_layer_rate: PositiveFloat = 1.0,
    first_layer_init: PositiveFloat = 1.0,
    second_layer_rate: PositiveFloat = 1.0,
    frozen: Frozen = "nothing",
    initializer: Initializer = "glorot_uniform",
    clip_output: bool = False,
    batch_normalization: bool = False,
    batchnorm_momentum: Decay = 0.99,
    batchnorm_epsilon: PositiveFloat = 1e-3,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    gradient_clipnorm: NonNegativeFloat = 0.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train the thread's network once a seed and measure it on the test images.

    Args:
        seeds: one run each; they decide initial weights, data order and dropout.
        data: `mnist` or `mnist5k`.
        epochs: passes over the training images.
        batch_size: images a step.
        steps_per_epoch: an epoch ends, and is measured, after so many steps; 0: after a pass.
        hidden_activation: of the one hidden layer.
        leaky_slope: below zero, of `leaky_relu`; Keras' activation of that name has 0.2, Keras'
            layer 0.3.
        output_activation: `softmax` as posted; `relu` is what the third answer takes it for.
        cross_entropy_epsilon: the loss divides outputs by their sum and moves them into
            [epsilon, 1 - epsilon]; the default is Keras'. Outputs of a softmax that are not clipped
            are left alone: their logarithm is taken from the sums.
        hidden_units: of the hidden layer; the second answer has 300.
        input_scale: factor on the pixels of 0..255: 1 as posted, 1/255 in the first answer.
        standardize: subtract the training pixels' mean and divide by their standard deviation
            (one number each) after scaling, which then matters to rounding only.
        optimizer: `sgd` as posted; `momentum` is SGD with momentum.
        learning_rate: 0.01 is what Keras' `sgd` uses.
        early_rate: the learning rate of the early epochs.
        early_epochs: so many have the early rate.
        momentum: of `momentum`.
        rmsprop_rho: decay of RMSprop's mean square; the defaults of this and the next are Keras'.
        adam_beta_1: decay of Adam's mean.
        adam_beta_2: decay of Adam's mean square.
        optimizer_epsilon: of RMSprop and Adam, in the denominator.
        first_layer_rate: factor on the learning rate of the first layer's weights alone; with
            `sgd` and `momentum` only.
        first_layer_init: factor on the first layer's initial weights.
        second_layer_rate: factor on the learning rate of the second layer's weights alone.
        frozen: what of the hidden layer is not trained: `nothing`, `hidden` (all of it),
            `hidden_weights` or `hidden_biases`.
        initializer: of both layers' weights; Keras' default is Glorot's uniform.
        clip_output: clip the output to [1e-10, 0.999999], as the second answer does.
        batch_normalization: between the hidden layer's weighted sums and its activation.
        batchnorm_momentum: of its running means; the defaults of this and the next are Keras'.
        batchnorm_epsilon: in its denominator.
        dropout: share of hidden units dropped while training.
        gradient_clipnorm: largest norm of each variable's gradient; 0 does not clip. A layer's own
            rate does its work before: it multiplies that layer's gradient by its square root.

    Returns:
        Runs, one row a seed with `METRICS` (see `repro.mnist_relu.measures`), and curves, one row
        a seed and epoch.

    Raises:
        ValueError: for a layer's own rate with an optimizer that is not linear in the gradient.

    Source:
        Seed thread 002, question and answers.

    Examples:
        >>> from repro.mnist_relu import experiment
        >>> runs, curves = experiment(seeds=range(2), data="mnist5k", epochs=1)
        >>> runs[["seed", "status"]].values.tolist()
        [[0, 'ok'], [1, 'ok']]
    """
    parameters = {name: value for name, value in locals().items() if name != "seeds"}
    settings = make_settings(**parameters)
    return measure(settings, seeds, train(settings, seeds))
