"""Train every change over the same seeds beside the original, and judge what it recovers."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from repro.findings.statistics import mean_interval, named_generator, probability_of_superiority
from repro.instruments.diagnose.case import Case
from repro.instruments.diagnose.changes import Change, both
from repro.instruments.diagnose.task import Array, margin
from repro.instruments.diagnose.train import Trained, Trainer

SHARE_OF_BEST = 0.9  # of the best change's gain: from there on a change recovers
LEAST_SHARE = 0.75  # from there on, if what is missing is within the margin of the rows
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

    def smallest(self, causes: Sequence[str]) -> Judged | None:
        """The smallest change that recovers, rather one that treats a cause; None if none does."""

        def preference(judged: Judged) -> tuple[Any, ...]:
            change = judged.change
            treated = [causes.index(key) for key in change.treats if key in causes]
            rate_first = change.is_of_rate and bool(treated)
            return not treated, change.size, min(treated, default=99), rate_first, -judged.gain

        return min((j for j in self.judged if j.recovers), key=preference, default=None)


def prove(
    case: Case, original: Trained, changes: Sequence[Change], causes: Sequence[str],
    trainer: Trainer, say: Say,
) -> Proof:  # fmt: skip
    """Try each change alone, then the smallest that recovers as much as any, with others.

    `causes` are those present, upstream first.
    """
    proof = Proof(original)
    results = list(_tried(changes, trainer, 0.35, proof, say))
    judged = judge(case, proof, results)
    if judged and max(judged[0].skill, original.test.mean()) < GOOD:
        ranked = [each.change for each in judged]
        smallest = proof.smallest(causes)
        base = smallest.change if smallest else ranked[0]
        pairs = [both(base, other) for other in _partners(base, ranked, causes)]
        results += _tried(pairs, trainer, 0.2, proof, say)
        judged = judge(case, proof, results)
        if max(judged[0].skill, original.test.mean()) < GOOD:
            _together(case, proof, results, _remedies(ranked, causes), trainer, say)
    return proof


def _partners(base: Change, ranked: Sequence[Change], causes: Sequence[str]) -> list[Change]:
    """What goes with a change: the remedy of each cause that it leaves, then the best of others."""
    apart = [other for other in ranked if other.group != base.group]
    left = [cause for cause in causes if cause not in base.treats]
    chosen = {change.key: change for change in [*_remedies(apart, left), *apart]}
    return list(chosen.values())[:PAIRED]


def _remedies(ranked: Sequence[Change], causes: Sequence[str]) -> list[Change]:
    """For each cause the change that is foremost made against it; of equals, the best.

    Changes exclude those of their own group, and a cause that one has treated needs no other.
    """
    chosen: list[Change] = []
    for cause in causes:
        if any(cause in change.treats for change in chosen):
            continue
        taken = {change.group for change in chosen}
        treating = [c for c in ranked if cause in c.treats and c.group not in taken]
        if treating:
            chosen.append(min(treating, key=lambda change: change.treats.index(cause)))
    return chosen


def _together(
    case: Case, proof: Proof, results: list[Trained], remedies: Sequence[Change],
    trainer: Trainer, say: Say,
) -> None:  # fmt: skip
    """Several faults at once: make all remedies, then leave out each that isn't needed.

    A network with three faults may not learn at all with one or two of them mended.
    """
    if len(remedies) < 2:
        return
    before = max(each.skill for each in proof.judged)

    def tried(changes: Sequence[Change], kept: float) -> Trained | None:
        whole = reduce(both, changes)
        same = [t for t in results if set(t.change.key.split("+")) == set(whole.key.split("+"))]
        new = [] if same else list(_tried([whole], trainer, kept, proof, say))
        results.extend(new)
        return next(iter([*same, *new]), None)

    tried(remedies, 0.1)
    judged = judge(case, proof, results)
    if judged[0].skill < before + proof.margin:
        return
    needed, goal = list(remedies), SHARE_OF_BEST * judged[0].gain
    for remedy in reversed(remedies):
        fewer = [change for change in needed if change is not remedy]
        trained = tried(fewer, 0.05) if fewer else None
        if trained and (trained.test - proof.original.test).mean() >= goal:
            needed = fewer
    judge(case, proof, results)


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
        enough = min(SHARE_OF_BEST * most, max(LEAST_SHARE * most, most - proof.margin))
        recovers = helps and gain >= enough
        judged.append(Judged(trained, gain, low, high, superiority, helps, recovers))
    proof.judged = sorted(judged, key=lambda j: -j.gain)
    return proof.judged


def gained(sample: Array, reference: Array, name: str) -> tuple[float, float, float]:
    """Mean paired difference and its 95 % interval; `name` seeds the bootstrap."""
    difference = sample - reference
    interval = mean_interval(difference, generator=named_generator(0, name))
    return float(difference.mean()), interval.low, interval.high
