"""Tell what a change is worth beside a better rate: re-tune the rate on both sides."""

from collections.abc import Sequence

import numpy as np

from repro.instruments.diagnose.changes.change import NOTHING, Change, at_rate
from repro.instruments.diagnose.proof.judge import Proof, Retuned, counts, gain
from repro.instruments.diagnose.proof.prove import Say
from repro.instruments.diagnose.proof.train import Trained, Trainer
from repro.instruments.diagnose.setup.arrays import select_rows
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair

TUNED_FACTORS = (0.01, 0.1, 10.0)
TUNING_SEEDS = 4
FEWEST_ROWS = 25


def retune(proof: Proof, changes: Sequence[Change], trainer: Trainer, say: Say) -> None:
    """Compare changes with the original, each at the rate that suits it best.

    Rates are chosen on rows held out of the training data; the rows scored on play no part. The
    winners are then trained on all training rows over all seeds. Fills `proof.retuned`.
    """
    if not changes:
        return
    split = _hold_out(trainer.setup)
    if split is None:
        proof.left_out.append(
            "re-tuned rates (too few training rows to hold some out, or weights of rows)"
        )
        return
    best: dict[str, tuple[float, Trained]] = {}
    known = {NOTHING.key: proof.original} | {j.change.key: j.trained for j in proof.judged}
    for i, change in enumerate([NOTHING, *changes]):
        if not trainer.has_time((len(TUNED_FACTORS) + 2) * trainer.longest):
            proof.left_out.append(f"re-tuned rate: {change.title}")
            continue
        say(f"rate re-tuned: {change.title}", i, len(changes) + 1)
        factor = _best_factor(change, trainer, split)
        trained = known[change.key] if factor == 1 else trainer.train(at_rate(change, factor))
        best[change.key] = factor, trained
    if NOTHING.key in best:
        proof.retuned += [
            _compare(change, best[change.key], best[NOTHING.key], proof.margin)
            for change in changes
            if change.key in best
        ]


def _compare(
    change: Change,
    changed: tuple[float, Trained],
    original: tuple[float, Trained],
    margin: float,
) -> Retuned:
    gained = gain(changed[1].test, original[1].test)
    return Retuned(
        change=change,
        factor=changed[0],
        factor_original=original[0],
        gained=gained,
        through_rate=not counts(gained, margin),
    )


def _hold_out(setup: Setup) -> tuple[Pair, Pair] | None:
    rows = len(setup.train[1])
    if rows < FEWEST_ROWS or setup.weights is not None:
        return None
    order = np.random.default_rng(2).permutation(rows)
    cut = rows // 5
    train, test = np.sort(order[cut:]), np.sort(order[:cut])
    return select_rows(setup.train, train), select_rows(setup.train, test)


def _best_factor(change: Change, trainer: Trainer, split: tuple[Pair, Pair]) -> float:
    seeds = trainer.setup.seeds[:TUNING_SEEDS]
    skills = {
        factor: trainer.train(at_rate(change, factor), seeds, split).test.mean()
        for factor in (1.0, *TUNED_FACTORS)
    }
    return max(skills, key=lambda factor: (skills[factor], factor == 1))
