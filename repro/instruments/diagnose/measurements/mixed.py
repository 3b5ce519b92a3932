"""Tell rows that a reshape has mixed up, where a transposition was meant: it can be undone."""

from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.relation import relate
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair, split_rows

RELATED = 0.01  # p-value up to which labels go with the rows once these are put right


def unmixed(setup: Setup) -> tuple[Pair, Pair] | None:
    """Return training and test rows with the reshape undone; None if labels don't go with them.

    An array of shape (features, rows) that is reshaped to (rows, features) has bits of other rows
    in each row. It may have been cut into training and validation data before or afterwards.
    """
    (x, y), validation = setup.whole
    if not isinstance(x, np.ndarray) or x.ndim < 2 or min(x[0].size, len(x)) < 2:
        return None
    for rows in _candidates(x, y, validation):
        (a, labels), _ = rows
        if (relation := relate(a.reshape(len(a), -1), labels)) and relation.p_value <= RELATED:
            split = split_rows(*rows[0], rows[1])
            count = len(setup.train[1])
            return (split.train[0][:count], split.train[1][:count]), split.test
    return None


def _candidates(x: Array, y: Array, validation: Any) -> list[tuple[Pair, Any]]:
    if validation is None:
        return [((_undone(x), y), None)]
    x_test, y_test = (np.asarray(a) for a in validation)
    joined = _undone(np.concatenate([x, x_test.reshape(-1, *x.shape[1:])]))
    apart = ((_undone(x), y), (_right_way(x_test, y_test), y_test))
    return [apart, ((joined[: len(x)], y), (joined[len(x) :], y_test))]


def _right_way(x: Array, y: Array) -> Array:
    """Return the rows as they are if labels go with them; else with the reshape undone.

    The training rows may have been reshaped alone.
    """
    related = relate(x.reshape(len(x), -1), y)
    return x if related and related.p_value <= RELATED else _undone(x)


def _undone(a: Array) -> Array:
    """Read the array as what it was, with the rows along its last axis, and transpose that."""
    return np.ascontiguousarray(np.moveaxis(a.reshape(*a.shape[1:], len(a)), -1, 0))
