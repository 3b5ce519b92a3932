"""What trains thread 004 for many seeds: the compiled loop, or Keras with true gradients."""

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import pairwise

import numpy as np
import pandas as pd

from repro.data import load
from repro.four_layers.measures import Digits, History, look
from repro.four_layers.posted import scaled, targets_of
from repro.four_layers.rebuilt import Design, as_layers, build_model, draw, rule_of, weights_of
from repro.training.loops.threads import in_threads
from repro.training.order import data_order

LOGGED_STEPS = (1, 10, 100, 300, 1_000, 3_000, 10_000, 20_000, 30_000, 45_000)
LOOKED_AT = 500  # test images that a curve's accuracy and dead units are taken from
PROBED = 100  # test images that gradients are compared on


@lru_cache(maxsize=1)
def digits_of(name: str) -> Digits:
    """Load a data set and lay it out."""
    from repro.four_layers.loop import sparse

    d = load(name)
    few, probe = slice(LOOKED_AT), slice(PROBED)
    return Digits(
        d.x_train, d.y_train, sparse(d.x_train, d.y_train), sparse(d.x_test, d.y_test),
        sparse(d.x_test[few], d.y_test[few]), scaled(d.x_test[probe]), targets_of(d.y_test[probe]),
    )  # fmt: skip


def train_compiled(
    design: Design, digits: Digits, seeds: Sequence[int], images: int, epochs: int
) -> list[History]:
    """Train one network per seed, with a look at it at each of `LOGGED_STEPS`.

    Args:
        design: of the network.
        digits: what it learns.
        seeds: of initial weights and order.
        images: the first so many are learned.
        epochs: how often.
    """
    from threadpoolctl import threadpool_limits

    train = partial(_train_seed, design, digits, images=images, epochs=epochs)
    # A thread a seed, which the compiled loop lets run; BLAS's own threads would only wait on them.
    with threadpool_limits(1, "blas"):
        return in_threads(train, seeds)


def _train_seed(design: Design, digits: Digits, seed: int, *, images: int, epochs: int) -> History:
    from repro.four_layers.loop import train

    order = np.concatenate([data_order(seed, epoch, images) for epoch in range(1, epochs + 1)])
    layers = as_layers(draw(design, np.random.RandomState(seed).normal))
    correct = np.zeros(len(order), bool)
    rows, diverged = [{"step": 0, "online_accuracy": np.nan} | look(design, digits, layers)], False
    for start, stop in pairwise([0, *[s for s in LOGGED_STEPS if s < len(order)], len(order)]):
        part = correct[start:stop]
        learned = train(layers, digits.train, order[start:stop], rule_of(design), part)
        rows.append({"step": stop, "online_accuracy": part.mean()} | look(design, digits, layers))
        diverged = learned < len(part)
        if diverged:
            break
    return History(layers, pd.DataFrame(rows), float(correct.mean()), diverged)


def train_keras(
    design: Design, digits: Digits, seeds: Sequence[int], images: int, epochs: int
) -> list[History]:
    """Train the rebuild, likewise, with a look before and after."""
    from repro.training.fit import fit_seeds

    fit = fit_seeds(
        partial(build_model, design), scaled(digits.images[:images]),
        targets_of(digits.labels[:images]), seeds=seeds, epochs=epochs, batch_size=1,
        block_size=len(seeds),
    )  # fmt: skip
    histories = []
    for seed, frame in fit.frame.groupby("seed"):
        start = as_layers(draw(design, np.random.RandomState(seed).normal))
        end = as_layers(*weights_of(fit.model(seed), design))
        online = float(frame.online_accuracy.mean())
        rows = [
            {"step": 0, "online_accuracy": np.nan} | look(design, digits, start),
            {"step": images * epochs, "online_accuracy": online} | look(design, digits, end),
        ]
        diverged = not np.isfinite(frame.loss).all()
        histories.append(History(end, pd.DataFrame(rows), online, diverged))
    return histories
