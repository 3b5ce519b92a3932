"""Read a data set once for all seeds, as `fit` would read it for one."""

import itertools
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter
from keras.src.trainers.data_adapters.tf_dataset_adapter import TFDatasetAdapter

from repro.training.checks import warn

LOOKED_AT = 2  # batches before training


class Reader:
    """Yield a data set's batches, epoch by epoch, opening it as often as `fit` does.

    A `tf.data.Dataset` may be shuffled anew whenever it is opened. So what is looked at before
    training is part of the first epoch.

    Args:
        adapter: Keras' view of the data set.
        steps: batches an epoch; None: until it is exhausted.
        goes_on: whether an epoch begins where the last one ended, as those of training do.
        looked_at: the first batches of a copy, if looking at its own may change the others.

    Attributes:
        dataset: its batches, as a `tf.data.Dataset`.
        begun: whether an epoch has been read.
    """

    def __init__(
        self,
        adapter: DataAdapter,
        steps: int | None,
        *,
        goes_on: bool = True,
        looked_at: list[Any] | None = None,
    ):
        self._adapter, self._steps, self._goes_on = adapter, steps, goes_on
        self.dataset = adapter.get_tf_dataset()
        self.begun = False
        self._count = None if steps else adapter.num_batches
        self._open: Iterator[Any] | None = None  # of an epoch that is part of a pass
        self._looked_at = looked_at

    def look(self) -> list[Any]:
        """Return the first batches, before any epoch."""
        if self._looked_at is None:
            batches = self._items() if self._is_python else iter(self.dataset)
            self._looked_at = list(itertools.islice(batches, LOOKED_AT))
            if isinstance(self._adapter, TFDatasetAdapter):
                self._open = itertools.chain(self._looked_at, batches)
        return self._looked_at

    @property
    def _is_python(self) -> bool:
        return isinstance(self._adapter, PyDatasetAdapter)

    def _items(self) -> Iterator[Any]:
        """Yield the first items of a `keras.utils.PyDataset`, whose epochs have a beginning."""
        source: Any = self._adapter
        count = min(LOOKED_AT, source.num_batches or LOOKED_AT)
        items = [source._standardize_batch(source.py_dataset[i]) for i in range(count)]
        spec = self.dataset.element_spec
        return iter(tf.data.Dataset.from_generator(lambda: iter(items), output_signature=spec))

    def epoch(self) -> Iterator[Any]:
        """Yield the batches of the next epoch."""
        if not (self.begun and self._goes_on):  # as `fit` and `evaluate` do
            self._adapter.on_epoch_end()
        self._adapter.on_epoch_begin()
        yield from self._whole_pass() if self._steps is None else self._part_of_pass(self._steps)
        self.begun = True
        self._adapter.on_epoch_end()

    def _whole_pass(self) -> Iterator[Any]:
        # as many as `fit` counted in the beginning, though the data set may have grown since
        yield from itertools.islice(self._opened(), self._count)
        self._open = None
        iter(self.dataset)  # as `fit` does at the end of an epoch

    def _part_of_pass(self, steps: int) -> Iterator[Any]:
        self._open = self._opened()
        for step in range(steps):
            batch = next(self._open, None)
            if batch is None and step == 0:  # the last epoch ended where the data do
                self._open = iter(self.dataset)
                batch = next(self._open, None)
            if batch is None:
                self._open = None
                warn(f"the data ran out after {step} of {steps} steps")
                return
            yield batch

    def _opened(self) -> Iterator[Any]:
        if self._open is None or (self.begun and not self._goes_on):
            return iter(self.dataset)
        return self._open
