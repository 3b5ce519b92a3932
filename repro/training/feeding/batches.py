"""A data set that yields batches itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf
from keras.src.trainers.data_adapters import get_data_adapter, is_tf_dataset
from keras.src.trainers.data_adapters.data_adapter import DataAdapter

from repro.training.feeding.reading import Reader
from repro.training.feeding.structures import Triple, unpack


@dataclass(frozen=True)
class Batches:
    """A data set that yields batches; all seeds see the same ones, read once.

    Attributes:
        source: a `tf.data.Dataset`, a `keras.utils.PyDataset`, a torch DataLoader.
        class_weight: as in `fit`.
        steps: batches an epoch; None: until it is exhausted.
    """

    source: Any
    class_weight: dict[int, float] | None = None
    steps: int | None = None

    @property
    def dense(self) -> bool:
        """Return whether all batches are of dense tensors of numbers."""
        spec = keras.tree.flatten(self.adapter().get_tf_dataset().element_spec)
        return all(isinstance(s, tf.TensorSpec) and s.dtype != tf.string for s in spec)

    @property
    def tells_its_length(self) -> bool:
        """Return whether the number of batches is known, or without end."""
        adapter = self.adapter()
        endless = tf.data.experimental.INFINITE_CARDINALITY
        if adapter.num_batches is not None:
            return True
        return bool(adapter.get_tf_dataset().cardinality() == endless)

    @cached_property
    def opened(self) -> Reader:
        """The reader of its first reading."""
        return Reader(self.adapter(), self.steps)

    def reader(self) -> Reader:
        """Return what reads it from the beginning, for another training."""
        return Reader(self.adapter(), self.steps) if self.opened.begun else self.opened

    def adapter(self) -> DataAdapter:
        """Return Keras' view of the data set, the one that `fit` uses."""
        return get_data_adapter(self.source, shuffle=False, class_weight=self.class_weight)


def first_batch(batches: Batches) -> Triple:
    """Return the first batch of a data set; raise ValueError if it has none."""
    for batch in batches.opened.look():
        return unpack(batch)
    raise ValueError("x is a data set that yields no batch")


def is_batches(x: Any, name: str = "x") -> bool:
    """Return whether data yield batches themselves, and with them targets and batch size."""
    if isinstance(x, DataAdapter | keras.utils.PyDataset) or is_tf_dataset(x):
        return True
    if isinstance(x, Iterator):
        raise ValueError(
            f"{name} is an iterator or generator, which can be read only once; give arrays, a "
            "tf.data.Dataset or a keras.utils.PyDataset"
        )
    return (
        not isinstance(x, list | tuple | dict | str)
        and hasattr(x, "__iter__")
        and not hasattr(x, "__array__")
        and not hasattr(x, "shape")
    )
