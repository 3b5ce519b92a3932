"""Train thread 002's network for many seeds, in Keras."""

from collections.abc import Sequence

import pandas as pd

from repro.mnist_relu.pixels import prepare
from repro.mnist_relu.rebuilt import build_model
from repro.mnist_relu.settings import Settings


def train(settings: Settings, seeds: Sequence[int]) -> pd.DataFrame:
    """Train one network per seed; return Keras' history, one row a seed and epoch."""
    from repro.training.fit import fit_seeds, seeds_in_cache

    (x, y), test = prepare(settings.pixels)
    fit = fit_seeds(
        lambda: build_model(settings),
        x,
        y,
        seeds=seeds,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        validation_data=test,
        validation_batch_size=1000,
        # whatever the number of threads, so that the numbers do not depend on it
        block_size=seeds_in_cache(build_model(settings), x[: settings.batch_size]),
        verbose=0,
        check=False,
    )
    return fit.frame
