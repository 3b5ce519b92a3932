"""Tell what a change is worth beside a better rate: re-tune the rate on both sides."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes.change import NOTHING, Change, at_rate
from repro.instruments.diagnose.proof.judge import Proof, Retuned, gained
from repro.instruments.diagnose.proof.prove import Say
from repro.instruments.diagnose.proof.train import Trained, Trainer
from repro.instruments.diagnose.setup.arrays import taken
from repro.instruments.diagnose.setup.setup import Case

TUNED_FACTORS = (0.01, 0.1, 10.0)
TUNING_SEEDS = 4


def retune(case: Case, proof: Proof, changes: Sequence[Change], trainer: Trainer, say: Say) -> None:
    """Compare changes with the original, each at the rate that suits it best.

    Rates are chosen on rows held out of the training data; the rows scored on play no part. The
    winners are then trained on all training rows over all seeds.
    """
    if not changes:
        return
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
            gain, low, high = gained(trained.test, reference.test, change.key)
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
