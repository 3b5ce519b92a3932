"""Structures of tensors: lists, tuples and dicts, nested as Keras takes them."""

from collections.abc import Callable
from typing import Any

Triple = tuple[Any, Any, Any]  # inputs, targets and sample weights, the latter two may be None


def map_tensors(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return the structure with the function applied to what is not None."""
    if structure is None:
        return None
    if isinstance(structure, dict):
        return {key: map_tensors(function, value) for key, value in structure.items()}
    if is_list(structure):
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


def is_list(structure: Any) -> bool:
    """Return whether a structure is a list or tuple of others."""
    # a named tuple is what Keras wraps a sparse tensor in
    return isinstance(structure, list | tuple) and not hasattr(structure, "_fields")


def as_tuples(data: Any) -> Any:
    """Return the structure with tuples in place of lists."""
    if isinstance(data, dict):
        return {key: as_tuples(value) for key, value in data.items()}
    return tuple(map(as_tuples, data)) if is_list(data) else data
