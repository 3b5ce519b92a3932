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

SCHEDULE = (1, 10, 100, 300, 1_000, 2_000, 3_000, *range(5_000, 1_000_000, 5_000))


class History(NamedTuple):
    """One seed's trained network, its twin if any, and one row a logged step, from step 0."""

    layers: "tuple[compiled.Layer, ...]"
    curve: pd.DataFrame
    online_accuracy: float
    diverged: bool
    twin: "tuple[compiled.Layer, ...] | None" = None


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
    layers, twin = _drawn(settings, seed), _drawn_twin(settings, seed)
    rule, correct = rule_of(settings), np.zeros((2, len(order)), bool)
    rows, diverged = [_row(settings, digits, layers, step=0)], False
    for start, stop in pairwise([0, *logged_steps(SCHEDULE, len(order))]):
        learned = [
            loop.train(network, digits.train, order[start:stop], rule=rule, correct=c[start:stop])
            for network, c in zip((layers, twin) if twin else (layers,), correct, strict=False)
        ]
        diverged = learned[0] < stop - start
        row = {} if diverged else _row(settings, digits, layers, step=stop)
        accuracy = float(correct[0, start:stop].mean())
        apart = {"twin_distance": distance(layers, twin)} if twin and not diverged else {}
        rows.append(row | apart | {"step": stop, "online_accuracy": accuracy})
        if diverged:
            break
    online = float(correct[0].mean())
    return History(layers, pd.DataFrame(rows), online, diverged, twin=twin)


def distance(layers: "tuple[compiled.Layer, ...]", twin: "tuple[compiled.Layer, ...]") -> float:
    """Return the length of the difference of all weights, as a share of the weights' length."""
    pairs = list(zip(layers, twin, strict=True))
    apart = sum(np.sum((one.kernel - other.kernel) ** 2) for one, other in pairs)
    return float(np.sqrt(apart / sum(np.sum(one.kernel**2) for one, _ in pairs)))


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
        curve = pd.DataFrame(rows[:1] if diverged else rows)
        histories.append(History(end, curve, online, diverged))
    return histories


def _drawn(settings: Settings, seed: int) -> "tuple[compiled.Layer, ...]":
    return as_layers(draw(settings, np.random.RandomState(seed).normal))


def _drawn_twin(settings: Settings, seed: int) -> "tuple[compiled.Layer, ...] | None":
    if not settings.twin:
        return None
    weights = draw(settings, np.random.RandomState(seed).normal)
    return as_layers([(1 + settings.twin) * w for w in weights])


def _row(
    settings: Settings,
    digits: Digits,
    layers: "tuple[compiled.Layer, ...]",
    *,
    step: int,
    online_accuracy: float = np.nan,
) -> dict[str, float]:
    row = {"step": step, "online_accuracy": online_accuracy, "twin_distance": np.nan}
    return row | observe(settings, digits, layers)
