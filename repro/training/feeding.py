"""The samples that models are trained on: arrays, or batches that come in an order of their own."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras.src.trainers.data_adapters import (
    array_slicing,
    get_data_adapter,
    is_tf_dataset,
)
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
from numpy.typing import NDArray

from repro.training.reading import Reader

Order = Callable[[int], NDArray[np.integer]]  # of a pass over the data, counted from 1
Triple = tuple[Any, Any, Any]  # inputs, targets and sample weights, the latter two may be None

TEXT = ("O", "S", "U", "T")  # numpy's kinds of dtypes that hold text, or anything


@dataclass(frozen=True)
class Arrays:
    """Inputs, targets and sample weights, each a tensor, a structure of tensors, or None.

    Attributes:
        data: the three, of n samples each.
        n: the number of samples.
    """

    data: Triple
    n: int

    @property
    def dense(self) -> bool:
        """Tell whether all are dense tensors of numbers, whose rows a graph can pick."""
        return all(isinstance(a, tf.Tensor) and a.dtype != tf.string for a in tensors_in(self.data))

    def sample(self, size: int) -> Triple:
        """Return the first samples, as `fit` would build a model on."""
        return map_tensors(lambda a: _rows(a, tf.range(min(size, self.n))), self.data)

    def select(self, indices: NDArray[np.integer]) -> "Arrays":
        """Return the samples at these indices."""
        rows = tf.constant(indices)
        return Arrays(map_tensors(lambda a: _rows(a, rows), self.data), len(indices))


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
        """Tell whether all batches are of dense tensors of numbers."""
        spec = keras.tree.flatten(self.adapter().get_tf_dataset().element_spec)
        return all(isinstance(s, tf.TensorSpec) and s.dtype != tf.string for s in spec)

    @property
    def tells_its_length(self) -> bool:
        """Tell whether the number of batches is known, or without end."""
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

    def on_epoch_begin(self) -> None:
        """Go to the next pass."""
        if self._passes_are_epochs:
            self._pass += 1

    def get_tf_dataset(self) -> tf.data.Dataset:
        """Return a data set of the batches; each iterator over it is one pass."""
        data = tuple(a for a in self._arrays.data if a is not None)
        orders = tf.data.Dataset.range(1).map(lambda _: self._next_order())
        indices = orders.flat_map(self._in_batches)
        dataset = tf.data.Dataset.zip(
            (indices, tf.data.Dataset.from_tensors(_tuples(data)).repeat())
        )
        return dataset.map(lambda i, a: map_tensors(lambda b: _rows(b, i), a)).prefetch(1)

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
        """Tell whether the last batch is smaller."""
        return self._arrays.n % self._size > 0

    @property
    def partial_batch_size(self) -> int | None:
        """Samples of the last batch, if it is smaller."""
        return self._arrays.n % self._size or None


def first_batch(batches: Batches) -> Triple:
    """Return the first batch of a data set; raise ValueError if it has none."""
    for batch in batches.opened.look():
        return unpack(batch)
    raise ValueError("x is a data set that yields no batch")


def is_batches(x: Any, name: str = "x") -> bool:
    """Tell whether data yield batches themselves, so that targets and batch size come from them."""
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


def make_arrays(
    x: Any, y: Any, sample_weight: Any, *, class_weight: Any = None, dtype: str
) -> Arrays:
    """Return data as `fit` would take them, floats in the given dtype.

    Raises:
        ValueError: if they are no arrays, or their lengths differ, or there are none.
    """
    _check_arrays(x=x, y=y, sample_weight=sample_weight)
    with _float_dtype(dtype):
        adapter = get_data_adapter(x, y, sample_weight=sample_weight, class_weight=class_weight)
        packed = adapter._inputs if isinstance(adapter._inputs, tuple) else (adapter._inputs,)
        sliceable = array_slicing.convert_to_sliceable(packed, target_backend="tensorflow")
    data = map_tensors(_as_tensor, sliceable)
    return Arrays((*data, None, None)[:3], adapter._num_samples)


def split(
    data: tuple[Any, Any, Any], validation_split: float
) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """Return training and validation arrays: the last fraction of the samples validates."""
    train, validation = array_slicing.train_validation_split(data, validation_split)
    return train, validation


def map_tensors(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return the structure with the function applied to what is not None."""
    if structure is None:
        return None
    if isinstance(structure, dict):
        return {key: map_tensors(function, value) for key, value in structure.items()}
    if _is_list(structure):
        return type(structure)(map_tensors(function, value) for value in structure)
    return function(structure)


def tensors_in(structure: Any) -> list[Any]:
    """Return what is not None in a structure, in its order."""
    tensors: list[Any] = []
    map_tensors(tensors.append, structure)
    return tensors


def unpack(batch: Any) -> Triple:
    """Return x, y and sample_weight of what a data set yields."""
    if not isinstance(batch, tuple):
        return batch, None, None
    return (*batch, None, None)[:3]


def _as_tensor(a: Any) -> Any:
    if isinstance(a, tf.Variable | keras.Variable):
        return tf.convert_to_tensor(a)
    return tf.constant(a) if isinstance(a, np.ndarray) else a  # a tensor, be it ragged or sparse


def _rows(a: Any, indices: Any) -> Any:
    if isinstance(a, array_slicing.TensorflowSparseWrapper):
        return array_slicing.slice_tensorflow_sparse_wrapper(a, indices)
    return tf.gather(a, indices, axis=0)


def _is_list(structure: Any) -> bool:
    # a named tuple is what Keras wraps a sparse tensor in
    return isinstance(structure, list | tuple) and not hasattr(structure, "_fields")


def _tuples(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _tuples(value) for key, value in data.items()}
    return tuple(map(_tuples, data)) if _is_list(data) else data


@contextmanager
def _float_dtype(dtype: str) -> Iterator[None]:
    usual = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(usual)


def _check_arrays(**data: Any) -> None:
    lengths = {}
    for name, structure in data.items():
        for path, a in _leaves(structure):
            if not array_slicing.can_slice_array(a):
                raise ValueError(
                    f"{name}{path} is {a!r:.60}, no array; give arrays, such as np.array({name})"
                )
            if not len(a.shape):
                raise ValueError(f"{name}{path} is a single number; give an array of samples")
            for part, dtype in _no_numbers(a):
                raise ValueError(
                    f"{name}{path}{part} has dtype {dtype}, which holds no numbers; give numbers, "
                    "such as a column of 0 and 1 for each word, or, to a model that takes text, "
                    "tf.constant of the text"
                )
            lengths[name + path] = int(a.shape[0])
    if not any(path.startswith("x") for path in lengths):
        raise ValueError("x is missing; give the inputs, such as an array of shape (n, …)")
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        sizes = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"x and y must hold the same number of samples, at least one: {sizes}")


def _no_numbers(a: Any) -> Iterator[tuple[str, Any]]:
    """Yield the dtype of an array, or of a data frame's column and its name, that Keras refuses."""
    if isinstance(a, pd.DataFrame):
        columns = [(f"[{name!r}]", dtype) for name, dtype in a.dtypes.items()]
    else:
        columns = [("", getattr(a, "dtype", None))]
    yield from ((part, dtype) for part, dtype in columns if getattr(dtype, "kind", None) in TEXT)


def _leaves(structure: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(structure, dict):
        for key, value in structure.items():
            yield from _leaves(value, f"{path}[{key!r}]")
    elif _is_list(structure):
        for index, value in enumerate(structure):
            yield from _leaves(value, f"{path}[{index}]")
    elif structure is not None:
        yield path, structure
