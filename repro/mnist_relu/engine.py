"""Train thread 002's network for many seeds, in Keras."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from repro.mnist_relu.pixels import tensors
from repro.mnist_relu.rebuilt import build_watched_model
from repro.mnist_relu.settings import Pixels, Settings

if TYPE_CHECKING:
    from repro.training.fit import SeedsFit
    from repro.training.graphs import Graphs

PIXELS, DIGITS = 784, 10


def train(settings: Settings, seeds: Sequence[int]) -> "SeedsFit":
    """Train one network per seed."""
    from repro.training.fit import fit_with
    from repro.training.generators import ONE_CALL

    (x, y), (x_test, y_test) = tensors(settings.pixels)
    # else another thread's networks would get this epsilon while they are built
    with ONE_CALL, cross_entropy_epsilon(settings.cross_entropy_epsilon):
        return fit_with(
            shared_graphs(graph_settings(settings)),
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
            block_size=block_size(settings, len(seeds)),
            verbose=0,
            check=False,
        )


@cache
def shared_graphs(settings: Settings) -> "Graphs":
    """Return the graphs of all networks that have these `graph_settings`."""
    from repro.training.graphs import Graphs

    return Graphs()


def graph_settings(settings: Settings) -> Settings:
    """Return the settings without what graphs are given: pixels, first weights, a constant rate."""
    updates = settings.updates
    if not updates.early_epochs:
        updates = replace(updates, learning_rate=0.0, early_rate=0.0)
    pixels = Pixels(data=settings.pixels.data)
    return replace(settings, pixels=pixels, updates=updates, first_layer_init=1.0, epochs=0)


def block_size(settings: Settings, seeds: int) -> int:
    """Return how many of so many seeds train at once: as many as fit a core's cache.

    Where these are 2 and one seed would remain, they are 3: alone, it would have other numbers.
    """
    from repro.training.sizes import fit_in_cache

    units, batch = settings.hidden_units, settings.batch_size
    weights = (PIXELS + 1 + DIGITS) * units + DIGITS
    size = fit_in_cache(weights=4 * weights, inputs=4 * batch * (PIXELS + DIGITS))
    return 3 if size == 2 and seeds % 2 else size


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
