"""Feed arrays to `keras.Model.fit` in a given order."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
from numpy.typing import NDArray

from repro.training.feeding.arrays import Arrays, pick_rows
from repro.training.feeding.structures import is_list, map_tensors

Order = Callable[[int], NDArray[np.integer]]  # of a pass over the data, counted from 1


class InOrder(DataAdapter):
    """Feed arrays to `keras.Model.fit` in a given order, else as it would feed them.

    Args:
        arrays: the data.
        order: the sample order of each pass.
        batch_size: samples a step.
        first: the first epoch's index, counted from 0.
        steps: batches an epoch, if an epoch is not a pass.
    """

    def __init__(
        self, arrays: Arrays, order: Order, *, batch_size: int, first: int = 0, steps: int | None
    ):
        self._arrays, self._order, self._size = arrays, order, batch_size
        self._pass = 0 if steps else first
        self._passes_are_epochs = not steps

    def on_epoch_end(self) -> None:
        """Go to the next pass. Keras ends an epoch before the first one, too.

        It begins one more than it ends, under a distribution strategy, to look at a batch.
        """
        if self._passes_are_epochs:
            self._pass += 1

    def get_tf_dataset(self) -> tf.data.Dataset:
        """Return a data set of the batches; each iterator over it is one pass."""
        data = tuple(a for a in self._arrays.data if a is not None)
        if len(data) == 1 and not is_list(data[0]):  # as `fit` gives inputs alone to `train_step`
            data = data[0]
        orders = tf.data.Dataset.range(1).map(lambda _: self._next_order())
        indices = orders.flat_map(self._in_batches)
        dataset = tf.data.Dataset.zip((indices, tf.data.Dataset.from_tensors(data).repeat()))
        return dataset.map(lambda i, a: map_tensors(lambda b: pick_rows(b, i), a)).prefetch(1)

    def _next_order(self) -> tf.Tensor:
        def order() -> NDArray[np.int64]:
            if not self._passes_are_epochs:  # a pass ends when its iterator does
                self._pass += 1
            return np.asarray(self._order(max(self._pass, 1)), np.int64)

        return tf.ensure_shape(tf.numpy_function(order, [], tf.int64), [self._arrays.n])

    def _in_batches(self, order: tf.Tensor) -> tf.data.Dataset:
        full, rest = divmod(self._arrays.n, self._size)
        batches = tf.reshape(order[: full * self._size], [full, self._size])
        dataset = tf.data.Dataset.from_tensor_slices(batches)
        if rest:
            dataset = dataset.concatenate(tf.data.Dataset.from_tensors(order[full * self._size :]))
        return dataset

    @property
    def num_batches(self) -> int:
        """The batches of a pass."""
        return math.ceil(self._arrays.n / self._size)

    @property
    def batch_size(self) -> int:
        """Samples a step."""
        return self._size

    @property
    def has_partial_batch(self) -> bool:
        """Return whether the last batch is smaller."""
        return self._arrays.n % self._size > 0

    @property
    def partial_batch_size(self) -> int | None:
        """Samples of the last batch, if it is smaller."""
        return self._arrays.n % self._size or None
