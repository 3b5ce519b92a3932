"""Train every change over the same seeds beside the original, and judge what it recovers."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from repro.findings.statistics import mean_interval, named_generator, probability_of_superiority
from repro.instruments.diagnose.case import Case, DiagnoseError, one_line, taken
from repro.instruments.diagnose.changes import NOTHING, Change, at_rate, both, changed_build
from repro.instruments.diagnose.task import Array, margin, skill
from repro.training.order import data_order

if TYPE_CHECKING:
    import keras

ROUNDS = 20  # points of a learning curve
REPEATED_ROWS = 20_000  # at most, when a small data set is repeated within a round
SHARE_OF_BEST = 0.9  # of the best change's gain: from there on a change recovers
PAIRED = 3  # of the best changes, pairs are tried
TUNED_FACTORS = (0.01, 0.1, 10.0)
TUNING_SEEDS = 4

Say = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Trained:
    """One change, trained over the seeds: skill of each seed, (seeds,)."""

    change: Change
    test: Array
    train: Array
    curve: pd.DataFrame | None
    model: "Callable[[int], keras.Model] | None" = None
    fails: str = ""


@dataclass(frozen=True)
class Judged:
    """What a change recovers: skill gained over the original, paired by seed."""

    trained: Trained
    gain: float
    low: float
    high: float
    superiority: float
    helps: bool
    recovers: bool

    @property
    def change(self) -> Change:
        """The change."""
        return self.trained.change

    @property
    def skill(self) -> float:
        """Mean skill on the rows scored on."""
        return float(self.trained.test.mean())


@dataclass(frozen=True)
class Retuned:
    """A change and the original, each at its own best rate.

    `gain`, `low` and `high`: skill gained at these rates; `through_rate`: the original at another
    rate does as well, so that the change is worth no more than that rate.
    """

    change: Change
    factor: float
    factor_original: float
    gain: float
    low: float
    high: float
    through_rate: bool


@dataclass
class Proof:
    """All that was trained, and what was left out for want of time."""

    original: Trained
    judged: list[Judged] = field(default_factory=list)
    retuned: list[Retuned] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    margin: float = 0.05

    def smallest(self, prefers: Callable[[Change], Any]) -> Judged | None:
        """The smallest change that recovers; None if none does."""
        recovering = [judged for judged in self.judged if judged.recovers]
        return min(recovering, key=lambda j: (prefers(j.change), -j.gain)) if recovering else None


class Trainer:
    """Trains changes of one case; remembers how long that takes."""

    def __init__(self, case: Case, deadline: float):
        self.case, self.deadline = case, deadline
        self.longest = 0.0

    def has_time(self, share: float = 1.0) -> bool:
        """Whether another training ends before the deadline, with some share of the time kept."""
        return time.monotonic() + self.longest < self.deadline - share

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


# Proof -------------------------------------------------------------------------------------------


def prove(
    case: Case, original: Trained, changes: Sequence[Change], trainer: Trainer, say: Say
) -> Proof:
    """Try each change alone, then pairs of the best few, then both sides at their best rates."""
    proof = Proof(original)
    results = list(_tried(changes, trainer, 0.35, proof, say))
    judged = judge(case, proof, results)
    best = judged[0].skill if judged else 0.0
    if max(best, original.test.mean()) < 0.95:
        few = _best_few(judged, original)
        pairs = [both(a, b) for a, b in combinations(few, 2) if _go_together(a, b)]
        results += _tried(pairs, trainer, 0.2, proof, say)
    judge(case, proof, results)
    return proof


def _tried(
    changes: Sequence[Change], trainer: Trainer, kept: float, proof: Proof, say: Say
) -> Iterator[Trained]:
    reserve = kept * max(trainer.deadline - time.monotonic(), 0)
    for i, change in enumerate(changes):
        if trainer.has_time(reserve):
            say(change.title, i, len(changes))
            yield trainer.train(change)
        else:
            proof.left_out.append(change.title)


def _best_few(judged: Sequence[Judged], original: Trained) -> list[Change]:
    """The best changes of different kinds, input first; helped or not."""
    few: dict[str, Change] = {}
    for each in judged:
        few.setdefault(each.change.group, each.change)
    return list(few.values())[:PAIRED]


def _go_together(a: Change, b: Change) -> bool:
    return a.group != b.group


def judge(case: Case, proof: Proof, results: Sequence[Trained]) -> list[Judged]:
    """Judge results against the original; best first. Fills `proof.judged` and its margin."""
    reference = proof.original.test
    best = max([float(t.test.mean()) for t in results] + [float(reference.mean())])
    proof.margin = margin(case.task, best, case.test[1])
    most = best - float(reference.mean())
    judged = []
    for trained in results:
        gain, low, high = _gained(trained.test, reference, trained.change.key)
        helps = bool(low > 0 and gain >= proof.margin)
        superiority = probability_of_superiority(trained.test, reference)
        recovers = helps and gain >= SHARE_OF_BEST * most
        judged.append(Judged(trained, gain, low, high, superiority, helps, recovers))
    proof.judged = sorted(judged, key=lambda j: -j.gain)
    return proof.judged


def _gained(sample: Array, reference: Array, name: str) -> tuple[float, float, float]:
    difference = sample - reference
    interval = mean_interval(difference, generator=named_generator(0, name))
    return float(difference.mean()), interval.low, interval.high


# Rates -------------------------------------------------------------------------------------------


def retune(case: Case, proof: Proof, changes: Sequence[Change], trainer: Trainer, say: Say) -> None:
    """Compare changes with the original, each at the rate that suits it best.

    Rates are chosen on rows held out of the training data; the rows scored on play no part. The
    winners are then trained on all training rows over all seeds.
    """
    split = _held_out(case)
    if split is None:
        proof.left_out.append("re-tuned rates (too few training rows to hold some out)")
        return
    chosen: dict[str, tuple[float, Trained]] = {}
    known = {NOTHING.key: proof.original} | {j.change.key: j.trained for j in proof.judged}
    for i, change in enumerate([NOTHING, *changes]):
        if not trainer.has_time((len(TUNED_FACTORS) + 2) * trainer.longest):
            proof.left_out.append(f"re-tuned rate: {change.title}")
            continue
        say(f"rate re-tuned: {change.title}", i, len(changes) + 1)
        factor = _best_factor(case, change, trainer, split)
        at_best = known[change.key] if factor == 1 else trainer.train(at_rate(change, factor))
        chosen[change.key] = factor, at_best
    if NOTHING.key not in chosen:
        return
    factor_original, reference = chosen.pop(NOTHING.key)
    for change in changes:
        if change.key in chosen:
            factor, trained = chosen[change.key]
            gain, low, high = _gained(trained.test, reference.test, change.key)
            through = not (low > 0 and gain >= proof.margin)
            proof.retuned.append(Retuned(change, factor, factor_original, gain, low, high, through))


def _held_out(case: Case) -> tuple[Any, Any] | None:
    n = len(case.train[1])
    if n < 25:
        return None
    order = np.random.default_rng(2).permutation(n)
    cut = n // 5
    return taken(case.train, np.sort(order[cut:])), taken(case.train, np.sort(order[:cut]))


def _best_factor(case: Case, change: Change, trainer: Trainer, split: tuple[Any, Any]) -> float:
    seeds = case.seeds[:TUNING_SEEDS]
    skills = {
        factor: trainer.train(at_rate(change, factor), seeds, split).test.mean()
        for factor in (1.0, *TUNED_FACTORS)
    }
    return max(skills, key=lambda factor: (skills[factor], factor == 1))
