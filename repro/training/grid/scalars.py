"""Numbers of an optimizer, such as its momentum, as variables: cells that differ share a graph."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

NAMES = (
    "momentum",
    "rho",
    "beta_1",
    "beta_2",
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
)


class Scalar(keras.Variable):
    """A number that graphs read as a variable, and that Python code compares as a number.

    Keras asks for a momentum of 0 where it builds the graph; cells that share it answer alike.
    """

    def __init__(self, number: float, dtype: str):
        super().__init__(number, dtype=dtype, trainable=False, name="scalar")
        self._number = number

    def __bool__(self) -> bool:
        return bool(self._number)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, int | float) and self._number == other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __gt__(self, other: float) -> bool:
        return self._number > other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return "a number of each cell's own"  # by which settings are compared


def differing(model: keras.Model, first: keras.Model) -> list[str]:
    """Name the numbers of two models' optimizers that differ, where code asks both alike."""
    pairs = {n: [getattr(m.optimizer, n, None) for m in (model, first)] for n in NAMES}
    return [
        name
        for name, (own, other) in pairs.items()
        if own != other and all(isinstance(v, float) for v in (own, other)) and own and other
    ]


@contextmanager
def as_in(model: keras.Model, first: keras.Model, names: Iterable[str]) -> Iterator[None]:
    """Give a model's optimizer these numbers of another one's, for a while."""
    own = {name: getattr(model.optimizer, name) for name in names}
    for name in own:
        setattr(model.optimizer, name, getattr(first.optimizer, name))
    try:
        yield
    finally:
        for name, number in own.items():
            setattr(model.optimizer, name, number)


def free_scalars(names: Iterable[str], model: keras.Model) -> None:
    """Make variables of these numbers of a model's optimizer, its last ones."""
    optimizer: Any = model.optimizer
    dtype = model.trainable_variables[0].dtype
    for name in names:
        setattr(optimizer, name, Scalar(getattr(optimizer, name), dtype))
