"""Train thread 003 for many seeds: the compiled loop, or Keras with true gradients."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from repro.add_numbers.posted import Floats, X, Y
from repro.add_numbers.rebuilt import build_model, draw, rule_of
from repro.add_numbers.settings import Settings

if TYPE_CHECKING:
    from repro.add_numbers.loop import History, Layers, Watch

NEAR_ZERO = 0.001  # a run has learned if its last epoch's error is below this
PRINTED_ZERO = 5e-7  # the thread prints "%f": an error below this reads 0.000000


def train(settings: Settings, seeds: Sequence[int]) -> "History":
    """Train one network per seed; the history's errors are in units of the sums."""
    start = stacked([draw(settings, np.random.RandomState(seed).randn) for seed in seeds])
    if settings.engine == "keras":
        history = _train_keras(settings, seeds, start)
    else:
        history = _train_compiled(settings, start)
    square = settings.target_scale**2
    return history._replace(errors=history.errors / square, lowest=history.lowest / square)


def stacked(networks: Sequence[list[Floats]]) -> "Layers":
    """Stack drawn networks; each layer becomes (seeds, outputs, inputs) and (seeds, outputs)."""
    arrays = [np.stack(drawn) for drawn in zip(*networks, strict=True)]
    return [(w, b[:, :, 0]) for w, b in zip(arrays[::2], arrays[1::2], strict=True)]


def _train_compiled(settings: Settings, start: "Layers") -> "History":
    from repro.add_numbers import loop

    targets = settings.target_scale * Y
    return loop.train(start, X, targets, rule=rule_of(settings), watch=_watch(settings))


def _train_keras(settings: Settings, seeds: Sequence[int], start: "Layers") -> "History":
    from repro.add_numbers.loop import History
    from repro.training.fit import fit_seeds

    fit = fit_seeds(
        lambda: build_model(settings),
        X,
        settings.target_scale * Y,
        seeds=seeds,
        epochs=settings.epochs,
        batch_size=1,
        shuffle=False,
        block_size=len(seeds),
        verbose=0,
        check=False,
    )
    watch = _watch(settings)
    errors = np.stack([fit.frame.loc[fit.frame["seed"] == seed, "mse"] for seed in seeds])
    is_below = errors < watch.below
    lowest = np.minimum.accumulate(errors, axis=1)
    return History(
        start=start,
        layers=stacked([_as_drawn(fit.model(seed).get_weights()) for seed in seeds]),
        errors=errors[:, np.array(watch.logged) - 1],
        first_below=np.where(is_below.any(axis=1), is_below.argmax(axis=1) + 1, 0),
        rose=np.asarray((errors[:, 1:] > lowest[:, :-1] + watch.rise).any(axis=1)),
        lowest=lowest[:, -1],
        gradient_share=np.full(len(errors), np.nan),
    )


def _watch(settings: Settings) -> "Watch":
    from repro.add_numbers.loop import Watch

    square = settings.target_scale**2
    return Watch(
        logged=settings.logged,
        below=square * NEAR_ZERO,
        rise=square * PRINTED_ZERO,
    )


def _as_drawn(weights: list[Floats]) -> list[Floats]:
    return [w.T if w.ndim == 2 else w[:, np.newaxis] for w in weights]
