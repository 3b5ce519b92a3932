"""A data set that yields batches itself."""

import copy
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

MOST_COPIED = 2**30  # bytes of a data set that is copied for each seed


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

    def __post_init__(self) -> None:
        """Copy what reading would change."""
        _ = self.unread

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
        if not self.opened.begun:
            return self.opened
        return Reader(self.adapter(self.as_unread()), self.steps)

    @cached_property
    def unread(self) -> Any:
        """A copy of the source before it is read, if reading changes it and it can be copied."""
        if not _changes_when_read(self.source):
            return None
        held = keras.tree.flatten(vars(self.source))
        if sum(getattr(value, "nbytes", 0) for value in held) > MOST_COPIED:
            return None
        try:
            return copy.deepcopy(self.source)
        except Exception:  # it holds a file, a lock or the like
            return None

    def as_unread(self) -> Any:
        """Return the source, as it was before it was first read if it can be copied."""
        return self.source if self.unread is None else copy.deepcopy(self.unread)

    def adapter(self, source: Any = None) -> DataAdapter:
        """Return Keras' view of the data set, the one that `fit` uses."""
        source = self.source if source is None else source
        return get_data_adapter(source, shuffle=False, class_weight=self.class_weight)


def _changes_when_read(source: Any) -> bool:
    base = keras.utils.PyDataset
    hooks = ("on_epoch_begin", "on_epoch_end")
    return isinstance(source, base) and any(
        getattr(type(source), hook) is not getattr(base, hook) for hook in hooks
    )


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
