"""Samples as arrays, taken as `fit` takes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras.src.trainers.data_adapters import array_slicing, get_data_adapter
from numpy.typing import NDArray

from repro.training.feeding.structures import (
    Triple,
    as_tuples,
    is_list,
    map_tensors,
    tensors_in,
)

SHOWN = 2  # arrays at either end, where all are too many to name
NUMBERS = {  # in place of text
    "x": "a column of 0 and 1 for each word, or, to a model that takes text, tf.constant of x",
    "y": "np.unique(y, return_inverse=True)[1], which counts the classes from 0",
}
DATES = ("M", "m")
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
        """Return whether all are dense tensors of numbers, whose rows a graph can pick."""
        return all(isinstance(a, tf.Tensor) and a.dtype != tf.string for a in tensors_in(self.data))

    def sample(self, size: int) -> Triple:
        """Return the first samples, as `fit` would build a model on."""
        return map_tensors(lambda a: pick_rows(a, tf.range(min(size, self.n))), self.data)

    def select(self, indices: NDArray[np.integer]) -> "Arrays":
        """Return the samples at these indices."""
        rows = tf.constant(indices)
        return Arrays(map_tensors(lambda a: pick_rows(a, rows), self.data), len(indices))


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
    data = as_tuples(map_tensors(_as_tensor, sliceable))  # as a model gets them from `fit`
    return Arrays((*data, None, None)[:3], adapter._num_samples)


def split(
    data: tuple[Any, Any, Any], validation_split: float
) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """Return training and validation arrays: the last fraction of the samples validates."""
    train, validation = array_slicing.train_validation_split(data, validation_split)
    return train, validation


def pick_rows(a: Any, indices: Any) -> Any:
    """Return the rows of a tensor, be it dense, ragged or sparse."""
    if isinstance(a, array_slicing.TensorflowSparseWrapper):
        return array_slicing.slice_tensorflow_sparse_wrapper(a, indices)
    return tf.gather(a, indices, axis=0)


def _as_tensor(a: Any) -> Any:
    if isinstance(a, tf.Variable | keras.Variable):
        return tf.convert_to_tensor(a)
    if not isinstance(a, np.ndarray):
        return a  # a tensor, be it ragged or sparse
    try:
        return tf.constant(a)
    except ValueError as error:
        if a.dtype != object:
            raise
        raise ValueError(
            "a data frame mixes truth values and numbers, which Keras makes no tensor of; make "
            "them one type: .astype('float32')"
        ) from error


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
            for part, dtype in _dtypes(a):
                if remedy := _remedy(dtype, name):
                    raise ValueError(f"{name}{path}{part} has dtype {dtype}, which {remedy}")
            lengths[name + path] = int(a.shape[0])
    if not any(path.startswith("x") for path in lengths):
        raise ValueError("x is missing; give the inputs, such as an array of shape (n, …)")
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        raise ValueError(
            "x and y must hold the same number of samples, at least one: "
            f"{_sizes(lengths)}{_taken_for_inputs(**data)}"
        )


def _sizes(lengths: dict[str, int]) -> str:
    ends = {*list(lengths)[:SHOWN], *list(lengths)[-SHOWN:]}
    sizes = [f"{name} has {length}" for name, length in lengths.items() if name in ends]
    if len(lengths) > len(ends):
        sizes.insert(SHOWN, "…")
    return ", ".join(sizes)


def _taken_for_inputs(x: Any, y: Any, **data: Any) -> str:
    """Return what to do about rows that were put into a list, which Keras takes for inputs."""
    if isinstance(x, list | tuple) and len(x) == len(y if y is not None else ()):
        return "; a list of arrays is one input each: np.array(x) makes rows of them"
    return ""


def _dtypes(a: Any) -> Iterator[tuple[str, Any]]:
    """Yield the dtype of an array, or the name of each column of a data frame and its dtype."""
    if isinstance(a, pd.DataFrame):
        yield from ((f"[{name!r}]", dtype) for name, dtype in a.dtypes.items())
    elif hasattr(a, "dtype"):
        yield "", a.dtype


def _remedy(dtype: Any, name: str) -> str | None:
    """Say what is wrong with a dtype that Keras refuses, and what to give; None if it takes it."""
    kind = getattr(dtype, "kind", None)
    if kind in DATES:
        return (
            "holds no numbers; give numbers, such as the days since the first date: "
            "(t - t.min()) / pd.Timedelta(days=1)"
        )
    is_pandass = isinstance(dtype, pd.api.extensions.ExtensionDtype)
    if is_pandass and (dtype._is_numeric or kind == "b"):
        return "is pandas' own; give numpy's: .astype('float32')"
    if kind in TEXT or is_pandass:
        numbers = NUMBERS["y" if name == "y" else "x"]
        return f"holds no numbers; give numbers, such as {numbers}"
    return None


def _leaves(structure: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(structure, dict):
        for key, value in structure.items():
            yield from _leaves(value, f"{path}[{key!r}]")
    elif is_list(structure):
        for index, value in enumerate(structure):
            yield from _leaves(value, f"{path}[{index}]")
    elif structure is not None:
        yield path, structure
