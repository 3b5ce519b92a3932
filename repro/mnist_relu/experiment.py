"""Thread 002: an MNIST network on raw pixels does well with sigmoid and badly with ReLU.

The snippet is a 784-100-10 network with softmax and categorical cross-entropy, trained by Keras'
`sgd` (rate 0.01) in batches of 100 for 15 epochs on pixels of 0..255. `experiment` rebuilds it with
everything the thread varies or proposes, and what it should have varied, as parameters.
"""

from collections.abc import Sequence
from typing import Annotated

import pandas as pd
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from repro.mnist_relu.engine import train
from repro.mnist_relu.measures import measure
from repro.mnist_relu.settings import (
    HiddenActivation,
    Initializer,
    Optimizer,
    OutputActivation,
    Pixels,
    Settings,
)

DATA = "mnist"


def experiment(
    *,
    seeds: Sequence[int],
    data: str = DATA,
    epochs: PositiveInt = 15,
    batch_size: PositiveInt = 100,
    hidden_activation: HiddenActivation = "sigmoid",
    output_activation: OutputActivation = "softmax",
    hidden_units: PositiveInt = 100,
    input_scale: PositiveFloat = 1.0,
    standardize: bool = False,
    optimizer: Optimizer = "sgd",
    learning_rate: PositiveFloat = 0.01,
    first_layer_rate: PositiveFloat = 1.0,
    first_layer_init: PositiveFloat = 1.0,
    initializer: Initializer = "glorot_uniform",
    clip_output: bool = False,
    batch_normalization: bool = False,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    gradient_clipnorm: NonNegativeFloat = 0.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train the thread's network once a seed and measure it on the test images.

    Args:
        seeds: one run each; they decide initial weights, data order and dropout.
        data: `mnist` or `mnist5k`.
        epochs: passes over the training images.
        batch_size: images a step.
        hidden_activation: of the one hidden layer.
        output_activation: `softmax` as posted; `relu` is what the third answer takes it for.
        hidden_units: of the hidden layer; the second answer has 300.
        input_scale: factor on the pixels of 0..255: 1 as posted, 1/255 in the first answer.
        standardize: subtract the training pixels' mean and divide by their standard deviation
            (one number each) after scaling, which then matters to rounding only.
        optimizer: `sgd` as posted; `momentum` is SGD with momentum 0.9.
        learning_rate: 0.01 is what Keras' `sgd` uses.
        first_layer_rate: factor on the learning rate of the first layer's weights alone; with
            `sgd` and `momentum` only.
        first_layer_init: factor on the first layer's initial weights.
        initializer: of both layers' weights; Keras' default is Glorot's uniform.
        clip_output: clip the output to [1e-10, 0.999999], as the second answer does.
        batch_normalization: between the hidden layer's weighted sums and its activation.
        dropout: share of hidden units dropped while training.
        gradient_clipnorm: largest norm of each variable's gradient; 0 does not clip. A first-layer
            rate does its work before: it multiplies that layer's gradient by its square root.

    Returns:
        Runs, one row a seed with `METRICS` (see `repro.mnist_relu.measures`), and curves, one row
        a seed and epoch.

    Raises:
        ValueError: for a first-layer rate with an optimizer that is not linear in the gradient.

    Source:
        Seed thread 002, question and answers.

    Examples:
        >>> from repro.mnist_relu import experiment
        >>> runs, curves = experiment(seeds=range(2), data="mnist5k", epochs=1)
        >>> runs[["seed", "status"]].values.tolist()
        [[0, 'ok'], [1, 'ok']]
    """
    settings = Settings(
        pixels=Pixels(data=data, input_scale=input_scale, standardize=standardize),
        epochs=epochs,
        batch_size=batch_size,
        hidden_activation=hidden_activation,
        output_activation=output_activation,
        hidden_units=hidden_units,
        optimizer=optimizer,
        learning_rate=learning_rate,
        first_layer_rate=first_layer_rate,
        first_layer_init=first_layer_init,
        initializer=initializer,
        clip_output=clip_output,
        batch_normalization=batch_normalization,
        dropout=dropout,
        gradient_clipnorm=gradient_clipnorm,
    )
    return measure(settings, seeds, train(settings, seeds))
