"""Train thread 002's network for many seeds, in Keras."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repro.mnist_relu.pixels import prepare
from repro.mnist_relu.rebuilt import build_watched_model
from repro.mnist_relu.settings import Settings

if TYPE_CHECKING:
    from repro.training.fit import SeedsFit


def train(settings: Settings, seeds: Sequence[int]) -> "SeedsFit":
    """Train one network per seed."""
    from repro.training.fit import fit_seeds, seeds_in_cache

    (x, y), (x_test, y_test) = prepare(settings.pixels)
    batch = [x[: settings.batch_size], y[: settings.batch_size]]
    with cross_entropy_epsilon(settings.cross_entropy_epsilon):
        return fit_seeds(
            lambda: build_watched_model(settings),
            [x, y],
            y,
            seeds=seeds,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            steps_per_epoch=settings.steps_per_epoch or None,
            validation_data=([x_test, y_test], y_test),
            validation_batch_size=1000,
            # whatever the number of threads, so that the numbers do not depend on it
            block_size=seeds_in_cache(build_watched_model(settings), batch),
            verbose=0,
            check=False,
        )


@contextmanager
def cross_entropy_epsilon(epsilon: float) -> Iterator[None]:
    """Let Keras' cross-entropy keep outputs so far from 0 and 1; it takes this from no argument."""
    import keras

    usual = keras.config.epsilon()
    keras.config.set_epsilon(epsilon)
    try:
        yield
    finally:
        keras.config.set_epsilon(usual)
