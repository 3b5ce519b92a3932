"""Train thread 001's snippet for many seeds, and scan random MNIST networks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.data import load
from repro.relu_at_zero import random_mlp
from repro.relu_at_zero.posted import DERIVATIVE, Floats, N, Start, attempt
from repro.relu_at_zero.precision import Precision
from repro.relu_at_zero.random_mlp import AtZero
from repro.relu_at_zero.rebuilt import build_model, draw, rule_of
from repro.relu_at_zero.scan import Scan, scan_network
from repro.relu_at_zero.settings import MnistMlp, Snippet

if TYPE_CHECKING:
    from repro.relu_at_zero.loop import Trained


class Attempts(NamedTuple):
    """Each seed's last loss by the posted lines, or None where one raised."""

    losses: "list[np.floating[Any] | None]"


class Compiled(NamedTuple):
    """The networks of the compiled loop, with the settings' ReLU'(0) and with 0."""

    ours: "Trained"
    zero: "Trained"


class Rebuilt(NamedTuple):
    """The networks of Keras, and the losses of those with the settings' ReLU'(0).

    Attributes:
        losses: one row a seed and one column a step.
        ours: each seed's weights of both layers, with the settings' ReLU'(0).
        zero: likewise, with 0.
    """

    losses: pd.DataFrame
    ours: list[list[Floats]]
    zero: list[list[Floats]]


History = Attempts | Compiled | Rebuilt


def train(settings: Snippet, seeds: Sequence[int]) -> History:
    """Train the snippet's network once a seed, and once more with ReLU'(0) = 0."""
    if settings.is_posted:
        return Attempts([_attempt(settings, seed) for seed in seeds])
    if settings.activation == "sigmoid":
        reference = replace(settings, backward="multiply")
    else:
        reference = replace(settings, at_zero="zero", backward="multiply")
    if settings.engine == "keras":
        losses, ours = _train_keras(settings, seeds)
        return Rebuilt(losses, ours, _train_keras(reference, seeds)[1])
    return Compiled(_train_compiled(settings, seeds), _train_compiled(reference, seeds))


def _attempt(settings: Snippet, seed: int) -> "np.floating[Any] | None":
    return attempt(
        np.random.RandomState(seed),
        settings.lacking,
        settings.steps,
        at_zero=settings.at_zero,
        backward=settings.backward,
        kink=settings.kink,
        learning_rate=settings.learning_rate,
    )


def _train_compiled(settings: Snippet, seeds: Sequence[int]) -> "Trained":
    from repro.relu_at_zero import loop

    starts = [_start(settings, np.random.RandomState(seed), seed) for seed in seeds]
    rounded = Precision(settings.precision).rounded
    x, y, w1, w2 = (rounded(np.stack(arrays)) for arrays in zip(*starts, strict=True))
    return loop.train(x, y, w1, w2, rule=rule_of(settings), logged=settings.logged)


def _start(settings: Snippet, generator: Any, seed: int) -> Start:
    data_seed: Any = 0 if settings.shared_data else None
    if settings.lacking == "seed_first":
        # each choice is a run of the script, and without the seed each run draws its own data
        data_seed = [seed, 1 + list(DERIVATIVE).index(settings.at_zero)]
    return draw(generator, inputs=settings.inputs, bias=settings.bias, data_seed=data_seed)


def _train_keras(
    settings: Snippet, seeds: Sequence[int]
) -> tuple[pd.DataFrame, list[list[Floats]]]:
    from repro.training.fit import fit_seeds

    x, y, *_ = _start(settings, np.random.RandomState(0), 0)  # all seeds share the data
    fit = fit_seeds(
        # fit_seeds has seeded numpy's legacy generator, so that the draws are the snippet's
        lambda: build_model(settings, _start(settings, np.random, 0)),
        x,
        y,
        seeds=seeds,
        epochs=settings.steps,
        batch_size=N,
        shuffle=False,
        block_size=len(seeds),
        verbose=0,
        check=False,
    )
    losses = fit.frame.pivot(index="seed", columns="epoch", values="loss").loc[list(seeds)]
    return losses, [fit.model(seed).get_weights() for seed in seeds]


def scan(settings: MnistMlp, seeds: Sequence[int]) -> list[Scan]:
    """Scan one random network per seed on the training images, in their order."""
    from threadpoolctl import threadpool_limits

    precision = Precision(settings.precision)
    at_zero = AtZero(DERIVATIVE[settings.at_zero], settings.backward == "assign")

    def scan_seed(seed: int) -> Scan:
        network = random_mlp.draw(seed, settings.widths, precision, biases=settings.biases)
        return scan_network(
            network,
            _minibatches(settings),
            precision,
            at_zero,
            accumulated=settings.accumulated,
        )

    with threadpool_limits(1, "blas"):  # it adds up in another order when threads share a product
        return [scan_seed(seed) for seed in seeds]


def _minibatches(settings: MnistMlp) -> Iterator[tuple[Floats, NDArray[np.uint8]]]:
    x, y = _images(settings.data, settings.precision)
    for start in range(0, len(x), settings.batch_size):
        batch = slice(start, start + settings.batch_size)
        yield x[batch], y[batch]


@lru_cache(maxsize=3)  # a study's blocks take turns in their precisions
def _images(data: str, precision: str) -> tuple[Floats, NDArray[np.uint8]]:
    """Pixels in [0, 1], shape (n, 784), made in float32 as PyTorch does, and digits (n,)."""
    images = load(data)
    pixels = images.x_train.reshape(len(images.x_train), -1) / np.float32(255)
    return Precision(precision).rounded(pixels), images.y_train
