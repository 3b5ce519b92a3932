"""Train a change over the seeds with `fit_seeds`, and score it."""

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.instruments.diagnose.changes.change import (
    NOTHING,
    Change,
    changed_build,
    changed_metric,
)
from repro.instruments.diagnose.measurements.steps import BuildTrained
from repro.instruments.diagnose.setup.arrays import Array, select_rows
from repro.instruments.diagnose.setup.budget import FEWEST_SEEDS, seconds_of_steps
from repro.instruments.diagnose.setup.errors import DiagnoseError, one_line
from repro.instruments.diagnose.setup.sequences import reads_steps
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.skill import skill
from repro.instruments.diagnose.setup.splitting import Pair
from repro.instruments.diagnose.setup.weights import alike_weights
from repro.training.order import data_order

if TYPE_CHECKING:
    from repro.training.fit import SeedsFit

MANY_TRIALS = 12  # that the time should be enough for
ROUNDS = 20  # points of a learning curve
REPEATED_ROWS = 20_000  # at most, when a small data set is repeated within a round
SCORED_ROWS = 1024  # in one batch of the validation data


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One change, trained over the seeds.

    Attributes:
        change: the change.
        test: each seed's skill on the rows scored on, (seeds,).
        train: each seed's skill on the training rows, (seeds,).
        curve: `fit_seeds`' frame; None if training raised.
        model: makes the model that was trained with a seed.
        fails: the error that training ended in, if it did.
        check_seconds: the part of its time that only the first training takes.
    """

    change: Change
    test: Array
    train: Array
    curve: pd.DataFrame | None = None
    model: BuildTrained | None = None
    fails: str = ""
    check_seconds: float = 0.0

    def of_first(self, count: int) -> "Trained":
        """Return the same for the first seeds alone."""
        curve = self.curve
        if curve is not None:
            curve = curve[curve.seed.isin(curve.seed.unique()[:count])]
        return replace(self, test=self.test[:count], train=self.train[:count], curve=curve)


class Trainer:
    """Trains changes of one setup; remembers how long that takes."""

    def __init__(self, setup: Setup, deadline: float):
        self.setup, self.deadline = setup, deadline
        self.budget = deadline - time.monotonic()
        self.longest = 0.0  # of a training over the setup's epochs
        self.length = 1.0  # times these epochs, that the network as it is was trained for

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return max(self.deadline - time.monotonic(), 0.0)

    def spare(self, original: Trained) -> Trained:
        """Keep few seeds of a network that trains so slowly that hardly a change could be tried."""
        count, left = len(self.setup.seeds), self.deadline - time.monotonic()
        if count <= FEWEST_SEEDS or MANY_TRIALS * self.longest <= left:
            return original
        note = f"changes are tried from {FEWEST_SEEDS} of {count} seeds (budget)"
        seeds, notes = self.setup.seeds[:FEWEST_SEEDS], (*self.setup.notes, note)
        self.setup = replace(self.setup, seeds=seeds, notes=notes)
        self.longest *= FEWEST_SEEDS / count
        return original.of_first(FEWEST_SEEDS)

    def has_time(self, kept: float, change: Change = NOTHING) -> bool:
        """Tell whether another training ends before the deadline with so many seconds left."""
        return time.monotonic() + self.seconds(change) < self.deadline - kept

    def seconds(self, change: Change) -> float:
        """Return how long a change is expected to train.

        More epochs take more steps; what else a training takes, as for its tracing, is done once.
        """
        return self.longest + (change.epochs - 1) * min(self.longest, self._stepping)

    @cached_property
    def _stepping(self) -> float:
        """Seconds that the steps of a training take; of recurrent layers as good as all of them."""
        setup = self.setup
        if reads_steps(setup):
            return math.inf
        visits = len(setup.train[1]) * setup.epochs * len(setup.seeds)
        return seconds_of_steps(setup.build(), steps=setup.steps, visits=visits)

    def train(
        self,
        change: Change,
        seeds: Sequence[int] | None = None,
        data: tuple[Pair, Pair] | None = None,
    ) -> Trained:
        """Train a change over the seeds, on the setup's data or on other (training, test) pairs."""
        start = time.monotonic()
        trained = train(self.setup, change, seeds or self.setup.seeds, data)
        seconds = time.monotonic() - start - trained.check_seconds
        self.longest = max(self.longest, seconds / change.epochs)
        return trained


def train(
    setup: Setup, change: Change, seeds: Sequence[int], data: tuple[Pair, Pair] | None = None
) -> Trained:
    """Train one change with `fit_seeds`; a training that raises is a result: its skill is 0."""
    pairs = data or (setup.train, setup.test)
    pairs = change.rows(*pairs) if change.rows else pairs
    try:
        fit = _fit(setup, change, seeds, pairs)
        frame = _scored(setup, change, (fit.frame, fit.model), pairs)
    except DiagnoseError:
        raise
    except Exception as error:
        nothing = np.zeros(len(seeds))
        return Trained(change=change, test=nothing, train=nothing, fails=one_line(error))
    trained = _trained(setup, change, frame, pairs, seeds=seeds)
    return replace(trained, model=fit.model, check_seconds=fit.check_seconds)


def rescored(setup: Setup, original: Trained) -> Trained:
    """Return the network as it is, scored as the setup's task now asks; it isn't trained again."""
    if original.curve is None or original.model is None:
        return original
    frame = original.curve.drop(columns=["score", "val_score"])
    pairs = (setup.train, setup.test)
    frame = _scored(setup, NOTHING, (frame, original.model), pairs)
    anew = _trained(setup, NOTHING, frame, pairs, seeds=frame.seed.unique())
    return replace(original, curve=frame, train=anew.train, test=anew.test)


def _trained(
    setup: Setup,
    change: Change,
    frame: pd.DataFrame,
    pairs: tuple[Pair, Pair],
    *,
    seeds: Sequence[int],
) -> Trained:
    """Return the skills that a history of scores ends with."""
    last = frame.groupby("seed").last().reindex(seeds)

    def skills(loss: str, score: str, targets: Array) -> Array:
        values = skill(setup.task, last[score], targets, change.unit)
        return np.where(np.isfinite(last[loss]), values, 0.0)

    return Trained(
        change=change,
        test=skills("val_loss", "val_score", pairs[1][1]),
        train=skills("loss", "score", pairs[0][1]),
        curve=frame,
    )


def _fit(
    setup: Setup, change: Change, seeds: Sequence[int], pairs: tuple[Pair, Pair]
) -> "SeedsFit":
    from repro.training.fit import fit_seeds

    (x, y), test = change.data(*pairs) if change.data else pairs
    epochs, size = setup.epochs * change.epochs, change.batch_size or setup.batch_size
    weights = weights_of(setup, change, pairs[0][1])
    if setup.shuffle or change.shuffle:
        order, rounds, shuffle = _in_rounds(len(y), epochs)
        x, y = select_rows((x, y), order)
        weights = weights if weights is None else weights[order]
    else:
        rounds, shuffle = epochs, False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_seeds(
            changed_build(setup, change),
            x,
            y,
            seeds=seeds,
            epochs=rounds,
            batch_size=size,
            validation_data=test,
            validation_batch_size=min(len(test[1]), SCORED_ROWS),
            shuffle=shuffle,
            sample_weight=weights,
            block_size=len(seeds),
            verbose=0,
            check=change.key == NOTHING.key,  # once, on the user's own network
        )


def _in_rounds(rows: int, epochs: int) -> tuple[Array, int, bool]:
    """Return the rows of one round of several epochs, how many rounds, and if they are shuffled.

    A round costs a call. Few rows are repeated, in the sample orders of their epochs (those of seed
    0 for all seeds), so that a step sees what it would; only the last batch of an epoch may run
    into the next.
    """
    repeats = min(-(-epochs // ROUNDS), max(1, REPEATED_ROWS // rows))
    if repeats == 1:
        return np.arange(rows), epochs, True
    order = np.concatenate([data_order(0, epoch, rows) for epoch in range(1, repeats + 1)])
    return order, -(-epochs // repeats), False


def weights_of(setup: Setup, change: Change, y: Array) -> Array | None:
    """Return the weights of the training rows under a change; None if all are alike."""
    if change.weighs_classes:
        return alike_weights(setup.task, y)
    return None if change.unweighted else setup.weights


def _scored(
    setup: Setup,
    change: Change,
    history: tuple[pd.DataFrame, BuildTrained],
    pairs: tuple[Pair, Pair],
) -> pd.DataFrame:
    """Return the history of trained models; where it keeps no score, with that of the end."""
    frame, model_of = history[0].copy(), history[1]
    missing = {"loss", "score", "val_loss", "val_score"} - set(frame.columns)
    if not missing:
        return frame
    # a loss that isn't kept can't be seen to be infinite
    frame = frame.assign(**{name: 0.0 if "loss" in name else np.nan for name in missing})
    changed = change.data(*pairs) if change.data else pairs
    score = changed_metric(setup, change, setup.task)
    for seed, rows in frame.groupby("seed").groups.items():
        model = model_of(int(seed))
        for name, (x, y) in zip(("score", "val_score"), changed, strict=True):
            hits = score(np.asarray(y, float), model.predict(x, batch_size=SCORED_ROWS, verbose=0))
            frame.loc[rows[-1], name] = float(np.mean(np.asarray(hits)))
    return frame
