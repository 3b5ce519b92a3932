"""The order in which a seed sees its samples."""

import numpy as np
from numpy.typing import NDArray


def data_order(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """Return the permutation of n samples that a seed uses in an epoch.

    It depends on nothing else, so every variant of a study sees the samples in the same order
    (a paired design) and anyone can repeat a run by hand: in epoch e, batch b of size s holds the
    samples ``data_order(seed, e, n)[b * s : (b + 1) * s]``.

    Args:
        seed: the run's seed, a non-negative integer.
        epoch: counted from 1, as in Keras' progress bar.
        n: number of samples.

    Returns:
        int64 array of shape (n,).

    Raises:
        ValueError: if the seed is negative, or the epoch or n is below 1.

    Examples:
        >>> from repro import data_order
        >>> data_order(seed=3, epoch=1, n=6)
        array([1, 2, 0, 4, 5, 3])
    """
    if seed < 0 or epoch < 1 or n < 1:
        raise ValueError(f"need seed >= 0, epoch >= 1 and n >= 1, got {seed=}, {epoch=}, {n=}")
    return np.random.default_rng((seed, epoch)).permutation(n)


def order_in_batches(seed: int, epoch: int, n: int, size: int) -> NDArray[np.int64]:
    """Return the order that shuffles samples within each batch, and leaves batches where they are.

    Args:
        seed: as in `data_order`, as are `epoch` and `n`.
        epoch: counted from 1.
        n: number of samples.
        size: samples a batch.
    """
    return np.lexsort((data_order(seed, epoch, n), np.arange(n) // size))
