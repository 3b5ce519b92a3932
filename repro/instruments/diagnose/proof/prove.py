"""Train every change over the same seeds beside the original: alone, paired, all at once."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from repro.instruments.diagnose.changes.change import Change, both
from repro.instruments.diagnose.proof.judge import SHARE_OF_BEST, Proof, judge
from repro.instruments.diagnose.proof.train import Trained, Trainer
from repro.instruments.diagnose.setup.setup import Case

GOOD = 0.9  # skill from which on no pair is tried
PAIRED = 3  # pairs with the best change that are tried

Say = Callable[[str, int, int], None]


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
    # a longer training is no repair, and would make every other look better: it stays alone
    ranked = [each.change for each in judged if each.change.epochs == 1]
    if ranked and max(judged[0].skill, original.test.mean()) < GOOD:
        smallest = proof.smallest(causes)
        base = smallest.change if smallest and smallest.change in ranked else ranked[0]
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
