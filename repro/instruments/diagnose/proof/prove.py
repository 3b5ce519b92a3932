"""Train every change over the same seeds beside the original: alone, in pairs, all at once."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from repro.instruments.diagnose.changes.change import Change, combine
from repro.instruments.diagnose.proof.judge import SHARE_OF_BEST, Proof, judge
from repro.instruments.diagnose.proof.train import Trained, Trainer

GOOD = 0.9  # skill from which on no pair is tried
PARTNERS = 3  # pairs with the best change that are tried
KEPT_FROM_SINGLES, KEPT_FROM_PAIRS = 0.35, 0.2  # shares of the time left, kept for what follows
KEPT_FROM_ALL, KEPT_FROM_FEWER = 0.1, 0.05

Say = Callable[[str, int, int], None]
"""(the task at hand, its number, how many there are) -> shown as progress."""


@dataclass
class Trials:
    """All trainings of changes so far, judged as they come in."""

    trainer: Trainer
    proof: Proof
    say: Say
    results: list[Trained] = field(default_factory=list)

    @property
    def best_skill(self) -> float:
        """The best mean skill so far, the original's among them."""
        return max(self.proof.judged[0].skill, float(self.proof.original.test.mean()))

    def add(self, changes: Sequence[Change], kept: float) -> None:
        """Train changes and judge all results; a share of the time that is left is kept."""
        reserve = kept * max(self.trainer.deadline - time.monotonic(), 0)
        for i, change in enumerate(changes):
            if self.trainer.has_time(reserve):
                self.say(change.title, i, len(changes))
                self.results.append(self.trainer.train(change))
            else:
                self.proof.left_out.append(change.title)
        judge(self.trainer.setup, self.proof, self.results)

    def result(self, changes: Sequence[Change], kept: float) -> Trained | None:
        """Return the result of several changes made at once; None if there is no time for it."""
        together = reduce(combine, changes)
        if not self._results(together):
            self.add([together], kept)
        return next(iter(self._results(together)), None)

    def _results(self, change: Change) -> list[Trained]:
        keys = _single_keys(change)
        return [trained for trained in self.results if _single_keys(trained.change) == keys]


def _single_keys(change: Change) -> set[str]:
    return set(change.key.split("+"))


def prove(
    original: Trained,
    changes: Sequence[Change],
    causes: Sequence[str],
    *,
    trainer: Trainer,
    say: Say,
) -> Proof:
    """Try each change alone, then the smallest that recovers as much as any, with others.

    Args:
        original: the network as it is, trained.
        changes: the changes to try.
        causes: the causes that are present, upstream first.
        trainer: trains them, within its deadline.
        say: reports progress.
    """
    proof = Proof(original)
    trials = Trials(trainer, proof, say)
    trials.add(changes, KEPT_FROM_SINGLES)
    # a longer training is no repair, and would make every other look better: it stays alone
    ranked = [judged.change for judged in proof.judged if judged.change.epochs == 1]
    if not ranked or trials.best_skill >= GOOD:
        return proof
    smallest = proof.smallest(causes)
    base = smallest.change if smallest and smallest.change in ranked else ranked[0]
    pairs = [combine(base, other) for other in _partners(base, ranked, causes)]
    trials.add(pairs, KEPT_FROM_PAIRS)
    if trials.best_skill < GOOD:
        _try_together(trials, remedies(ranked, causes))
    return proof


def _partners(base: Change, ranked: Sequence[Change], causes: Sequence[str]) -> list[Change]:
    """Choose partners: the remedy of each cause that the change leaves, then the best of others."""
    apart = [other for other in ranked if other.group != base.group]
    left = [cause for cause in causes if cause not in base.treats]
    chosen = {change.key: change for change in [*remedies(apart, left), *apart]}
    return list(chosen.values())[:PARTNERS]


def remedies(ranked: Sequence[Change], causes: Sequence[str]) -> list[Change]:
    """Return for each cause the change that is foremost made against it; of equals, the best.

    Changes exclude those of their own group, and a cause that one has treated needs no other.
    """
    chosen: list[Change] = []
    for cause in causes:
        if any(cause in change.treats for change in chosen):
            continue
        groups = {change.group for change in chosen}
        treating = [c for c in ranked if cause in c.treats and c.group not in groups]
        if treating:
            chosen.append(min(treating, key=lambda change: change.treats.index(cause)))
    return chosen


def _try_together(trials: Trials, chosen: Sequence[Change]) -> None:
    """Make all remedies at once, then leave out each that isn't needed.

    A network with three faults may not learn at all with one or two of them mended.
    """
    if len(chosen) < 2:
        return
    proof = trials.proof
    best_so_far = max(judged.skill for judged in proof.judged)
    trials.result(chosen, KEPT_FROM_ALL)
    if proof.judged[0].skill < best_so_far + proof.margin:
        return
    needed, goal = list(chosen), SHARE_OF_BEST * proof.judged[0].gained.mean
    for remedy in reversed(chosen):
        fewer = [change for change in needed if change is not remedy]
        trained = trials.result(fewer, KEPT_FROM_FEWER) if fewer else None
        if trained and (trained.test - proof.original.test).mean() >= goal:
            needed = fewer
