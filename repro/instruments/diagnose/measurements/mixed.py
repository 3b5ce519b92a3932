"""Tell rows that a reshape has mixed up, where a transposition was meant: it can be undone."""

from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.relation import relate
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.sequences import single_input
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair, split_rows

NEIGHBOURS = 0.2  # correlation from which on numbers side by side go on from one another
KEPT = 0.7  # share of the correlation within steps that is left from a step to the next
MARGIN = 0.1  # by how much it is above that of a channel with itself a step later
BORDER = 0.5  # share of that correlation that is left between two channels, one behind the other
STEP_AXES = 3  # rows, steps and channels
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


def mixed_axes(setup: Setup) -> float:
    """Return how much a step's last channel goes on in the next step's first one; else 0.

    Of (channels, steps) that are reshaped to (steps, channels), numbers side by side are those of
    one channel and of steps that follow, over the end of each row of the table and into the next.
    """
    x = single_input(setup)
    if x is None or x.ndim != STEP_AXES or x.dtype.kind != "f" or min(x.shape[1:]) < 2:
        return 0.0
    steps, channels = x.shape[1:]
    flat = np.asarray(x, float).reshape(len(x), -1)
    neighbours, own_later = _correlations(flat, 1), _correlations(flat, channels)
    ends = np.arange(1, flat.shape[1])
    is_last, is_border = ends % channels == 0, ends % steps == 0  # of a step; of a channel, once
    parts = neighbours[~is_last], neighbours[is_last], own_later, neighbours[is_border]
    in_steps, between_steps, in_channels, at_borders = (float(np.median(part)) for part in parts)
    goes_on = between_steps > max(NEIGHBOURS, KEPT * in_steps, in_channels + MARGIN)
    return between_steps if goes_on and at_borders < BORDER * between_steps else 0.0


def _correlations(flat: Array, apart: int) -> Array:
    """Return the correlation over rows of each number with the one so many places later."""
    centred = flat - flat.mean(axis=0)
    first, second = centred[:, :-apart], centred[:, apart:]
    norms = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    products = (first * second).sum(axis=0)
    return np.divide(products, norms, out=np.zeros_like(norms), where=norms > 0)


def channels_apart(x: Array) -> Array:
    """Return steps whose channels were cut anew, as they were: read as channels, and transposed."""
    steps, channels = x.shape[1:]
    return np.ascontiguousarray(x.reshape(len(x), channels, steps).transpose(0, 2, 1))


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
