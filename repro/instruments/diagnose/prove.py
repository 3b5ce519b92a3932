"""Train every change over the same seeds beside the original, and judge what it recovers."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from repro.findings.statistics import mean_interval, named_generator, probability_of_superiority
from repro.instruments.diagnose.case import Case
from repro.instruments.diagnose.changes import Change, both
from repro.instruments.diagnose.task import Array, margin
from repro.instruments.diagnose.train import Trained, Trainer

if TYPE_CHECKING:
    pass

SHARE_OF_BEST = 0.9  # of the best change's gain: from there on a change recovers
GOOD = 0.9  # skill from which on no pair is tried
PAIRED = 3  # pairs with the best change that are tried

Say = Callable[[str, int, int], None]


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


def prove(
    case: Case, original: Trained, changes: Sequence[Change], causes: Sequence[str],
    trainer: Trainer, say: Say,
) -> Proof:  # fmt: skip
    """Try each change alone, then the best one together with others; `causes` are those present."""
    proof = Proof(original)
    results = list(_tried(changes, trainer, 0.35, proof, say))
    judged = judge(case, proof, results)
    if judged and max(judged[0].skill, original.test.mean()) < GOOD:
        best, *others = [each.change for each in judged]
        pairs = [both(best, other) for other in _partners(best, others, causes)]
        results += _tried(pairs, trainer, 0.2, proof, say)
        judge(case, proof, results)
    return proof


def _partners(best: Change, others: Sequence[Change], causes: Sequence[str]) -> list[Change]:
    """What goes with the best change: the best for each cause that it leaves, then the rest."""
    apart = [other for other in others if other.group != best.group]
    left = [cause for cause in causes if cause not in best.treats]
    treating = [next((c for c in apart if cause in c.treats), None) for cause in left]
    chosen = {change.key: change for change in [*treating, *apart] if change is not None}
    return list(chosen.values())[:PAIRED]


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


def judge(case: Case, proof: Proof, results: Sequence[Trained]) -> list[Judged]:
    """Judge results against the original; best first. Fills `proof.judged` and its margin."""
    reference = proof.original.test
    best = max([float(t.test.mean()) for t in results] + [float(reference.mean())])
    proof.margin = margin(case.task, best, case.test[1])
    most = best - float(reference.mean())
    judged = []
    for trained in results:
        gain, low, high = gained(trained.test, reference, trained.change.key)
        helps = bool(low > 0 and gain >= proof.margin)
        superiority = probability_of_superiority(trained.test, reference)
        recovers = helps and gain >= SHARE_OF_BEST * most
        judged.append(Judged(trained, gain, low, high, superiority, helps, recovers))
    proof.judged = sorted(judged, key=lambda j: -j.gain)
    return proof.judged


def gained(sample: Array, reference: Array, name: str) -> tuple[float, float, float]:
    """Mean paired difference and its 95 % interval; `name` seeds the bootstrap."""
    difference = sample - reference
    interval = mean_interval(difference, generator=named_generator(0, name))
    return float(difference.mean()), interval.low, interval.high
