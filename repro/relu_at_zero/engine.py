"""What trains thread 001 for many seeds, and scans random MNIST networks."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.data import load
from repro.relu_at_zero import random_mlp
from repro.relu_at_zero.posted import Floats, N, Start
from repro.relu_at_zero.random_mlp import AtZero, Precision
from repro.relu_at_zero.rebuilt import build_model

if TYPE_CHECKING:
    import keras

    from repro.relu_at_zero.loop import Trained


def logged_steps(steps: int) -> NDArray[np.int64]:
    """Return the steps at which a run is looked at: the first, a quarter, the last."""
    return np.unique([1, -(-steps // 4), steps])


def train_compiled(
    starts: list[Start],
    at_kink: float,
    assigned: bool = False,
    *,
    steps: int,
    precision: str,
    kink: float,
    learning_rate: float,
) -> "Trained":
    """Train the snippet's network from each start.

    Args:
        starts: one a seed.
        at_kink: the derivative where a hidden unit's input is the kink.
        assigned: it takes the gradient's place there.
        steps: iterations.
        precision: of all numbers and operations.
        kink: the activation is max(input, kink).
        learning_rate: step size.
    """
    from repro.relu_at_zero import loop as compiled

    rounded = Precision(precision).rounded
    x, y, w1, w2 = (rounded(np.stack(arrays)) for arrays in zip(*starts, strict=True))
    rule = compiled.Rule(learning_rate, kink, at_kink, assigned, precision == "float16")
    return compiled.train(x, y, w1, w2, rule, logged=logged_steps(steps))


def train_keras(
    seeds: Sequence[int], given: Callable[[Any], Start], steps: int, **options: Any
) -> tuple[pd.DataFrame, list[list[Floats]]]:
    """Train the rebuild.

    Args:
        seeds: of the initial weights.
        given: the start that a legacy generator draws; all seeds must get the same data.
        steps: iterations.
        options: of `build_model`.

    Returns:
        The losses, one row a seed and one column a step, and each seed's final weights.
    """
    from repro.training.fit import fit_seeds

    x, y, *_ = given(np.random.RandomState(0))

    def build() -> "keras.Model":
        # fit_seeds has seeded numpy's legacy generator, so that the draws are the snippet's
        return build_model(given(np.random), **options)

    fit = fit_seeds(
        build, x, y, seeds=seeds, epochs=steps, batch_size=N, shuffle=False,
        block_size=len(seeds),
    )  # fmt: skip
    losses = fit.frame.pivot(index="seed", columns="epoch", values="loss").loc[list(seeds)]
    return losses, [fit.model(seed).get_weights() for seed in seeds]


def scan_networks(
    seeds: Sequence[int],
    data: str,
    name: str,
    widths: list[int],
    rule: AtZero,
    biases: str,
    batch_size: int,
) -> list[random_mlp.Scan]:
    """Scan one random network per seed on the training images, in their order.

    Args:
        seeds: of the networks.
        data: name of the data set.
        name: of the precision.
        widths: units of each layer, from the inputs to the outputs.
        rule: what is compared with ReLU'(0) = 0.
        biases: see `repro.relu_at_zero.random_mlp.draw`.
        batch_size: images a minibatch.
    """
    from threadpoolctl import threadpool_limits

    x, y = _images(data, name)
    precision = Precision(name)

    def minibatches() -> Iterator[tuple[Floats, NDArray[np.uint8]]]:
        for i in range(0, len(x), batch_size):
            yield x[i : i + batch_size], y[i : i + batch_size]

    def scan(seed: int) -> random_mlp.Scan:
        drawn = random_mlp.draw(seed, widths, precision, biases=biases)
        return random_mlp.scan(drawn, minibatches(), precision, rule)

    with threadpool_limits(1, "blas"):  # it adds up in another order when threads share a product
        return [scan(seed) for seed in seeds]


@lru_cache(maxsize=3)  # a study's blocks take turns in their precisions
def _images(data: str, precision: str) -> tuple[Floats, NDArray[np.uint8]]:
    """Pixels in [0, 1], shape (n, 784), made in float32 as PyTorch does, and digits (n,)."""
    images = load(data)
    pixels = images.x_train.reshape(len(images.x_train), -1) / np.float32(255)
    return Precision(precision).rounded(pixels), images.y_train
