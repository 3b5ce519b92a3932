"""Train thread 004 for many seeds: the compiled loop, or Keras with true gradients."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from repro.four_layers.digits import Digits, digits_of
from repro.four_layers.observation import observe
from repro.four_layers.posted import scaled, targets_of
from repro.four_layers.rebuilt import as_layers, build_model, draw, rule_of, weights_of
from repro.four_layers.settings import Settings
from repro.training.loops.logged import logged_steps
from repro.training.loops.threads import in_threads
from repro.training.order import data_order

if TYPE_CHECKING:
    from repro.four_layers import loop as compiled

SCHEDULE = (1, 10, 100, 300, 1_000, 3_000, 10_000, 20_000, 30_000, 45_000)


class History(NamedTuple):
    """One seed's trained network, and one row a logged step, from step 0."""

    layers: "tuple[compiled.Layer, ...]"
    curve: pd.DataFrame
    online_accuracy: float
    diverged: bool


def train(settings: Settings, seeds: Sequence[int]) -> list[History]:
    """Train one network per seed, and observe each at the logged steps."""
    digits = digits_of(settings.data)
    images = min(settings.images, len(digits.labels))
    if settings.engine == "keras":
        return _train_keras(settings, digits, seeds, images)
    return _train_compiled(settings, digits, seeds, images)


def _train_compiled(
    settings: Settings, digits: Digits, seeds: Sequence[int], images: int
) -> list[History]:
    from threadpoolctl import threadpool_limits

    # A thread a seed, which the compiled loop lets run; BLAS's own threads would only wait on them.
    with threadpool_limits(1, "blas"):
        return in_threads(partial(_train_seed, settings, digits, images=images), seeds)


def _train_seed(settings: Settings, digits: Digits, seed: int, *, images: int) -> History:
    from repro.four_layers import loop

    epochs = range(1, settings.epochs + 1)
    order = np.concatenate([data_order(seed, epoch, images) for epoch in epochs])
    layers, rule = _drawn(settings, seed), rule_of(settings)
    correct = np.zeros(len(order), bool)
    rows, diverged = [_row(settings, digits, layers, step=0)], False
    for start, stop in pairwise([0, *logged_steps(SCHEDULE, len(order))]):
        stretch = correct[start:stop]
        learned = loop.train(layers, digits.train, order[start:stop], rule=rule, correct=stretch)
        accuracy = float(stretch.mean())
        rows.append(_row(settings, digits, layers, step=stop, online_accuracy=accuracy))
        diverged = learned < len(stretch)
        if diverged:
            break
    return History(layers, pd.DataFrame(rows), float(correct.mean()), diverged)


def _train_keras(
    settings: Settings, digits: Digits, seeds: Sequence[int], images: int
) -> list[History]:
    from repro.training.fit import fit_seeds

    fit = fit_seeds(
        partial(build_model, settings),
        scaled(digits.images[:images]),
        targets_of(digits.labels[:images]),
        seeds=seeds,
        epochs=settings.epochs,
        batch_size=1,
        block_size=len(seeds),
        verbose=0,
        check=False,
    )
    histories = []
    for seed in seeds:
        frame = fit.frame[fit.frame.seed == seed]
        end = as_layers(*weights_of(fit.model(seed), settings))
        online, last = float(frame.online_accuracy.mean()), images * settings.epochs
        rows = [
            _row(settings, digits, _drawn(settings, seed), step=0),
            _row(settings, digits, end, step=last, online_accuracy=online),
        ]
        diverged = not np.isfinite(frame.loss).all()
        histories.append(History(end, pd.DataFrame(rows), online, diverged))
    return histories


def _drawn(settings: Settings, seed: int) -> "tuple[compiled.Layer, ...]":
    return as_layers(draw(settings, np.random.RandomState(seed).normal))


def _row(
    settings: Settings,
    digits: Digits,
    layers: "tuple[compiled.Layer, ...]",
    *,
    step: int,
    online_accuracy: float = np.nan,
) -> dict[str, float]:
    row = {"step": step, "online_accuracy": online_accuracy}
    return row | observe(settings, digits, layers)
