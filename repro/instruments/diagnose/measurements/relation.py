"""Measure whether labels go with their rows: rows that lie close should have labels alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.baselines import MOST_FEATURES, some_features
from repro.instruments.diagnose.setup.arrays import Array, fences, standardized
from repro.instruments.diagnose.setup.task import MOST_CLASSES, as_table

NEIGHBOURS = 5
HALF = 0.5
UNRELATED = 0.05  # p-value from which on labels don't go with their rows
PERMUTATIONS = 199
RELATED_ROWS = 1000
SHIFTS = (-2, -1, 1, 2)
LEAST_TO_RELATE = 60
SURELY = 0.01  # p-value up to which labels do go with their rows


@dataclass(frozen=True)
class Relation:
    """The agreement of every row's labels with those of its nearest neighbours.

    `p_value` is that of a permutation test, small if they agree. `noise` is the share of rows whose
    class less than half of their neighbours have. `best_shift` is the number of rows
    to move the labels by so that they agree best, with `shifted_p_value`; 0 if none does better.
    """

    p_value: float
    best_shift: int = 0
    shifted_p_value: float = np.nan
    noise: float = np.nan


def relate(x: Array, y: Any) -> Relation | None:
    """Test whether rows that lie close have labels alike; None if there are too few rows."""
    if len(y) < LEAST_TO_RELATE:
        return None
    rows = slice(RELATED_ROWS)
    x = some_features(np.asarray(x[rows]))
    x = standardized(np.clip(x, *fences(x)))  # beside what lies far out, all else would be near
    near = _nearest((x**2).sum(axis=1) - 2 * x @ x.T)
    unmoved, shifted = _relations(near, as_table(y)[rows])
    noise = _contradicted(near, as_table(y)[rows])
    return replace(shifted if shifted.best_shift else unmoved, noise=noise)


def relate_tokens(x: Array, y: Any) -> Relation | None:
    """Do the same for rows of tokens: near are those that share many, in any place or in the same.

    What tokens say may lie in their order, so that near rows need not have labels alike: their
    contradictions are no noise.
    """
    if len(y) < LEAST_TO_RELATE:
        return None
    tokens = np.unique(x[:RELATED_ROWS], return_inverse=True)[1].reshape(x[:RELATED_ROWS].shape)
    labels = as_table(y)[:RELATED_ROWS]
    tests = [_relations(_nearest(-alike), labels)[0] for alike in _shared(tokens)]
    return Relation(min(1.0, len(tests) * min(test.p_value for test in tests)))


def _shared(tokens: Array) -> Iterator[Array]:
    """Yield how many tokens two rows share: anywhere, and in the same places."""
    buckets = tokens % MOST_FEATURES
    counts = np.stack([np.bincount(row, minlength=MOST_FEATURES) for row in buckets])
    unit = np.sqrt(counts)
    yield unit @ unit.T
    alike = np.zeros((len(tokens), len(tokens)))
    for column in tokens.T:
        alike += column[:, None] == column
    yield alike


def _nearest(distance: Array) -> Array:
    np.fill_diagonal(distance, np.inf)
    return np.argpartition(distance, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]


def _relations(near: Array, labels: Array) -> tuple[Relation, Relation]:
    """Return the relation of labels to near rows, and that of the labels best moved, if better."""
    from scipy.stats import rankdata

    labels = standardized(rankdata(labels, axis=0))  # a few far out would decide everything
    generator = np.random.default_rng(0)
    chance = np.array(
        [_agreement(near, labels[generator.permutation(len(labels))]) for _ in range(PERMUTATIONS)]
    )

    def p_value(agreement: float) -> float:
        return float((1 + (chance >= agreement).sum()) / (1 + PERMUTATIONS))

    agreement = _agreement(near, labels)
    unmoved = Relation(p_value(agreement))
    shifted = {k: _agreement(near, np.roll(labels, k, axis=0)) for k in SHIFTS}
    best = max(shifted, key=lambda k: shifted[k])
    if shifted[best] <= agreement:
        return unmoved, unmoved
    return unmoved, replace(unmoved, best_shift=best, shifted_p_value=p_value(shifted[best]))


def relate_validation(train: tuple[Array, Any], test: tuple[Array, Any]) -> float:
    """Return the p-value that near validation rows have labels alike; NaN if it tells nothing.

    It tells something where half as many training rows surely have: then as many validation rows
    would show it, were their labels their own.
    """
    count = max(LEAST_TO_RELATE, len(test[1]) // 2)
    rows = np.linspace(0, len(train[1]) - 1, min(count, len(train[1]))).round().astype(int)
    trained, scored = relate(train[0][rows], train[1][rows]), relate(*test)
    if trained is None or scored is None or trained.p_value > SURELY:
        return np.nan
    return scored.p_value


def _contradicted(near: Array, labels: Array) -> float:
    """Return the share of rows whose class most of their neighbours don't have; NaN of numbers."""
    classes = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)
    if classes.max() >= MOST_CLASSES:
        return np.nan
    agreeing = (classes[near] == classes[:, None]).mean(axis=1)
    return float((agreeing < HALF).mean())


def _agreement(near: Array, labels: Array) -> float:
    return float((labels[near].mean(axis=1) * labels).mean())
