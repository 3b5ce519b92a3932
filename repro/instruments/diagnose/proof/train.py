"""Train a change over the seeds with `fit_seeds`, and score it."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from repro.instruments.diagnose.changes.change import Change, changed_build
from repro.instruments.diagnose.setup.arrays import DiagnoseError, one_line, taken
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import Array, skill
from repro.training.order import data_order

if TYPE_CHECKING:
    import keras

ROUNDS = 20  # points of a learning curve
REPEATED_ROWS = 20_000  # at most, when a small data set is repeated within a round


@dataclass(frozen=True)
class Trained:
    """One change, trained over the seeds: skill of each seed, (seeds,)."""

    change: Change
    test: Array
    train: Array
    curve: pd.DataFrame | None
    model: "Callable[[int], keras.Model] | None" = None
    fails: str = ""


class Trainer:
    """Trains changes of one case; remembers how long that takes."""

    def __init__(self, case: Case, deadline: float):
        self.case, self.deadline = case, deadline
        self.longest = 0.0

    def has_time(self, kept: float) -> bool:
        """Whether another training ends before the deadline with so many seconds left."""
        return time.monotonic() + self.longest < self.deadline - kept

    def train(
        self, change: Change, seeds: Sequence[int] | None = None,
        data: tuple[Any, Any] | None = None,
    ) -> Trained:  # fmt: skip
        """Train a change over the seeds, on the case's data or on other (training, test) pairs."""
        start = time.monotonic()
        trained = train(self.case, change, seeds or self.case.seeds, data)
        self.longest = max(self.longest, time.monotonic() - start)
        return trained


def train(
    case: Case, change: Change, seeds: Sequence[int], data: tuple[Any, Any] | None = None
) -> Trained:
    """Train one change with `fit_seeds`; a training that raises is a result: its skill is 0."""
    from repro.training.fit import fit_seeds

    pairs = data or (case.train, case.test)
    try:
        (x, y), test = change.data(*pairs) if change.data else pairs
        epochs, size = case.epochs * change.epochs, change.batch_size or case.batch_size
        x, y, rounds, shuffle = _in_rounds(x, y, epochs, size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = fit_seeds(
                changed_build(case, change), x, y, seeds=seeds, epochs=rounds, batch_size=size,
                validation_data=test, validation_batch_size=min(len(test[1]), 1024),
                shuffle=shuffle, block_size=len(seeds),
            )  # fmt: skip
    except DiagnoseError:
        raise
    except Exception as error:
        nothing = np.zeros(len(seeds))
        return Trained(change, nothing, nothing, None, None, one_line(error))
    last = fit.frame.groupby("seed").last().reindex(seeds)
    scores = [
        np.where(np.isfinite(last[loss]), skill(case.task, last[score], target, change.unit), 0.0)
        for loss, score, target in (
            ("val_loss", "val_score", pairs[1][1]), ("loss", "score", pairs[0][1]),
        )
    ]  # fmt: skip
    return Trained(change, scores[0], scores[1], fit.frame, fit.model)


def _in_rounds(x: Any, y: Any, epochs: int, size: int) -> tuple[Any, Any, int, bool]:
    """Data of one round of several epochs, and how many rounds; a round costs a call.

    Few rows are repeated, in the sample orders of their epochs (those of seed 0 for all seeds), so
    that a step sees what it would; only the last batch of an epoch may run into the next.
    """
    n = len(y)
    each = min(-(-epochs // ROUNDS), max(1, REPEATED_ROWS // n))
    if each == 1:
        return x, y, epochs, True
    rows = np.concatenate([data_order(0, epoch, n) for epoch in range(1, each + 1)])
    return *taken((x, y), rows), -(-epochs // each), False
