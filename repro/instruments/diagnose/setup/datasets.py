"""A `tf.data.Dataset`, read as arrays: what it yields, in its order, by its batches."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array, leaves
from repro.instruments.diagnose.setup.errors import DiagnoseError

MOST_ROWS = 16_384  # that are read


@dataclass(frozen=True)
class Rows:
    """The rows of a data set, and how it deals them out.

    Attributes:
        x: inputs.
        y: targets.
        sample_weight: a weight a row; None if it yields none.
        batch_size: rows in its first batch.
        shuffle: whether a second pass begins with other rows.
    """

    x: Any
    y: Any
    sample_weight: Array | None
    batch_size: int
    shuffle: bool


def is_dataset(x: Any) -> bool:
    """Tell whether x yields batches, as a `tf.data.Dataset` does."""
    return hasattr(x, "element_spec") and hasattr(x, "as_numpy_iterator")


def read_dataset(dataset: Any) -> Rows:
    """Read a data set's rows, up to a bound.

    Raises:
        DiagnoseError: if it yields no batches of (inputs, targets).
    """
    batches, count = [], 0
    for batch in dataset.as_numpy_iterator():
        batches.append(batch)
        count += _size(batch)
        if count >= MOST_ROWS:
            break
    if not batches or not isinstance(batches[0], tuple) or len(batches[0]) < 2:
        raise DiagnoseError("the data set must yield (inputs, targets) in batches: .batch(32)")
    x, y, *weights = (_joined(parts) for parts in zip(*batches, strict=True))
    second_pass = next(islice(dataset.as_numpy_iterator(), 1))
    is_repeated = all(
        np.array_equal(a, b) for a, b in zip(_arrays(batches[0]), _arrays(second_pass), strict=True)
    )
    return Rows(
        x=x,
        y=y,
        sample_weight=weights[0] if weights else None,
        batch_size=_size(batches[0]),
        shuffle=not is_repeated,
    )


def _size(batch: Any) -> int:
    arrays = _arrays(batch)
    if not arrays or np.ndim(arrays[-1]) == 0:
        raise DiagnoseError("the data set yields single rows; make batches of them: .batch(32)")
    return len(arrays[-1])


def _arrays(batch: Any) -> list[Array]:
    return [a for part in leaves(batch) for a in leaves(part)]


def _joined(parts: Any) -> Any:
    first = parts[0]
    if isinstance(first, dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in first}
    if isinstance(first, tuple | list):
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return np.concatenate(parts)
