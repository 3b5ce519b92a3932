"""Measure whether labels go with their rows: rows that lie close should have labels alike."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.baselines import some_features, token_counts
from repro.instruments.diagnose.setup.arrays import Array, fences, standardized
from repro.instruments.diagnose.setup.task import MOST_CLASSES, as_table

NEIGHBOURS = 5
HALF = 0.5
UNRELATED = 0.05  # p-value from which on labels don't go with their rows
PERMUTATIONS = 199
RELATED_ROWS = 1000
NEAR_SHIFTS = (-2, -1, 1, 2)  # a row dropped, or a header read
MOST_SHIFTED = 2000  # rows by which labels may be moved
LEAST_TO_RELATE = 60
LEAST_DEVIATION = 1e-12
SURELY = 0.01  # p-value up to which labels do go with their rows


@dataclass(frozen=True)
class Relation:
    """The agreement of every row's labels with those of its nearest neighbours.

    `p_value` is that of a permutation test, small if they agree. `noise` is the share of rows whose
    class less than half of their neighbours have. `best_shift` is the number of rows
    to move the labels by so that they agree best, with `shifted_p_value`; 0 if none was looked for.
    `is_reversed`: whether they are to be read from the last to the first, and not moved.
    `full` is the share of rows of tokens without padding at either end.
    """

    p_value: float
    best_shift: int = 0
    shifted_p_value: float = np.nan
    noise: float = np.nan
    is_reversed: bool = False
    full: float = np.nan


def relate(x: Array, y: Any) -> Relation | None:
    """Test whether rows that lie close have labels alike; None if there are too few rows."""
    if len(y) < LEAST_TO_RELATE:
        return None
    near, labels = _nearest_rows(x), as_table(y)[:RELATED_ROWS]
    return Relation(_Chance(near, labels).p_value(labels), noise=_contradicted(near, labels))


def with_shift(relation: Relation, x: Array, y: Any) -> Relation:
    """Return a relation with the shift of the labels by which they agree best with the rows.

    Where that tells nothing, they are read from the last to the first.

    Args:
        relation: of labels that don't go with their rows as they stand.
        x: the rows in the order in which they were read, none left out.
        y: the labels, likewise.
    """
    labels, near = as_table(y), _nearest_rows(x)
    chance = _Chance(near, labels[: len(near)])
    for shifts in (NEAR_SHIFTS, _far_shifts(len(labels))):
        agreements = {k: chance.agreement(np.roll(labels, k, axis=0)) for k in shifts}
        best = max(shifts, key=lambda k: agreements[k], default=0)
        p_value = chance.p_value_of_most(agreements[best], len(shifts)) if best else 1.0
        if p_value <= SURELY:
            return replace(relation, best_shift=best, shifted_p_value=p_value)
    p_value = chance.p_value_of_most(chance.agreement(labels[::-1]), len(NEAR_SHIFTS))
    if p_value > SURELY:
        return relation
    return replace(relation, is_reversed=True, shifted_p_value=p_value)


def _far_shifts(rows: int) -> list[int]:
    farthest = min(rows // 2, MOST_SHIFTED)
    near = max(NEAR_SHIFTS)
    return [k for k in range(-farthest, farthest + 1) if abs(k) > near]


def _nearest_rows(x: Array) -> Array:
    """Return the places of each row's nearest rows, of the first rows."""
    x = some_features(np.asarray(x[:RELATED_ROWS]))
    x = standardized(np.clip(x, *fences(x)))  # beside what lies far out, all else would be near
    return _nearest((x**2).sum(axis=1) - 2 * x @ x.T)


def relate_tokens(x: Array, y: Any) -> Relation | None:
    """Do the same for rows of tokens: near are those that share many, in any place or in the same.

    What tokens say may lie in their order, so that near rows need not have labels alike: their
    contradictions are no noise.
    """
    if len(y) < LEAST_TO_RELATE:
        return None
    tokens = np.unique(x[:RELATED_ROWS], return_inverse=True)[1].reshape(x[:RELATED_ROWS].shape)
    labels = as_table(y)[:RELATED_ROWS]
    p_values = [_Chance(_nearest(-alike), labels).p_value(labels) for alike in _shared(tokens)]
    full = float((np.asarray(x)[:, [0, -1]] != 0).all(axis=1).mean())
    return Relation(min(1.0, len(p_values) * min(p_values)), full=full)


def _shared(tokens: Array) -> Iterator[Array]:
    """Yield how many tokens two rows share: anywhere, and in the same places."""
    unit = np.sqrt(token_counts(tokens))
    yield unit @ unit.T
    alike = np.zeros((len(tokens), len(tokens)))
    for column in tokens.T:
        alike += column[:, None] == column
    yield alike


def _nearest(distance: Array) -> Array:
    np.fill_diagonal(distance, np.inf)
    return np.argpartition(distance, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]


class _Chance:
    """The agreement of labels with those of near rows by chance: in any order of theirs."""

    def __init__(self, near: Array, labels: Array):
        generator = np.random.default_rng(0)
        self.near = near
        orders = [generator.permutation(len(labels)) for _ in range(PERMUTATIONS)]
        ranks = _ranks(labels)
        self.agreements = np.array([_agreement(near, ranks[order]) for order in orders])

    def agreement(self, labels: Array) -> float:
        """Return the agreement of labels with those of near rows."""
        return _agreement(self.near, _ranks(labels)[: len(self.near)])

    def p_value(self, labels: Array) -> float:
        """Return the share of orders in which labels agree at least as well."""
        better = (self.agreements >= self.agreement(labels)).sum()
        return float((1 + better) / (1 + PERMUTATIONS))

    def p_value_of_most(self, agreement: float, count: int) -> float:
        """Return the p-value of the largest of so many agreements, by the normal distribution.

        Permutations are too few to tell what is one in a thousand shifts by chance.
        """
        from scipy.stats import norm

        deviation = max(float(self.agreements.std()), LEAST_DEVIATION)
        distance = (agreement - float(self.agreements.mean())) / deviation
        return min(1.0, count * float(norm.sf(distance)))


def _ranks(labels: Array) -> Array:
    """Return labels by rank: a few far out would decide everything."""
    from scipy.stats import rankdata

    return standardized(rankdata(labels, axis=0))


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
