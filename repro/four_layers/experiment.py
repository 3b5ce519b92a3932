"""Thread 004: a four-layer network on digits that works with sigmoid and fails with ReLU.

The snippet is the training step of a 784-200-100-10 network in numpy, without biases, learning one
image at a time. It passes errors back without the activation's derivative. It stands in
`repro.four_layers.posted`, the same network in Keras with the true gradient in
`repro.four_layers.rebuilt`; `experiment` trains either, or what lies between them, for many seeds.

The thread names neither data nor sizes nor rate. Its class is that of a well-known book's exercise
on MNIST, so inputs, targets, initial weights and rate are taken from there: an assumption.
"""

from collections.abc import Sequence

import pandas as pd

from repro.four_layers.engine import train
from repro.four_layers.measures import measure
from repro.four_layers.settings import (
    Backpropagation,
    Engine,
    HiddenActivation,
    Initializer,
    Loss,
    OutputActivation,
    Settings,
)

DATA = "mnist"


def experiment(
    *,
    seeds: Sequence[int],
    data: str = DATA,
    hidden_activation: HiddenActivation = "relu",
    output_activation: OutputActivation = "relu",
    leaky_slope: float = 0.01,
    backpropagation: Backpropagation = "posted",
    loss: Loss = "squared",
    initializer: Initializer = "book",
    bias: bool = False,
    learning_rate: float = 0.1,
    momentum: float = 0.0,
    images: int = 60_000,
    epochs: int = 1,
    learned_above: float = 0.5,
    twin: float = 0.0,
    engine: Engine = "compiled",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train one network per seed, image by image; the defaults are the thread's ReLU network.

    Args:
        seeds: of numpy's legacy generator, for the initial weights, and of the images' order.
        data: name of the data set.
        hidden_activation: of both hidden layers; a maxout unit is the larger of two sums.
        output_activation: of the ten outputs.
        leaky_slope: of leaky ReLU below zero.
        backpropagation: `posted` passes errors back without any activation's derivative,
            `output_mended` with the outputs' alone, `hidden_mended` with that of the second hidden
            layer alone, `true` with both, which is the gradient. Under cross-entropy the outputs
            have no derivative to leave out: `posted` is `output_mended`, `hidden_mended` is `true`.
        loss: half the squared error, summed over the outputs, or their cross-entropy.
        initializer: normal draws with standard deviation n^-1/2 for n incoming links, as in the
            book, or He's, the same draws times sqrt(2).
        bias: whether the layers have biases, 0 at first.
        learning_rate: of gradient descent, one image a step.
        momentum: as in Keras' SGD.
        images: the first so many training images are learned, or all if there are fewer, in
            `data_order`.
        epochs: how often.
        learned_above: a run has learned if its test accuracy is above this.
        twin: if not 0, a second network learns the same images in the same order, from the same
            initial weights times 1 + `twin`.
        engine: the compiled loop, or the Keras model in `fit_seeds`, which has true gradients only.

    Returns:
        Runs, one row a seed with `METRICS`, and curves, one row a seed and logged step; see
        `repro.four_layers.measures` and `observe` in `repro.four_layers.observation`.

    Raises:
        ValueError: for a size or rate that is not positive, cross-entropy with an output other than
            sigmoid, and the engine "keras" with a twin or anything but the true gradient.

    Source:
        Seed thread 004, question and answer.

    Examples:
        >>> from repro.four_layers import experiment
        >>> runs, curves = experiment(seeds=range(2), data="mnist5k", images=100)
        >>> runs[["seed", "status"]].values.tolist()
        [[0, 'ok'], [1, 'ok']]
    """
    settings = Settings(
        data=data,
        hidden_activation=hidden_activation,
        output_activation=output_activation,
        leaky_slope=leaky_slope,
        backpropagation=backpropagation,
        loss=loss,
        initializer=initializer,
        bias=bias,
        learning_rate=learning_rate,
        momentum=momentum,
        images=images,
        epochs=epochs,
        learned_above=learned_above,
        twin=twin,
        engine=engine,
    )
    return measure(settings, seeds, train(settings, seeds))
