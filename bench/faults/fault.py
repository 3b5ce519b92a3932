"""A published fault, rebuilt small."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

Rows = tuple[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A program with a known fault.

    Attributes:
        name: its name in tables.
        address: where the fault was published.
        published: the cause and the fix that were published, in our words.
        causes: the causes that count as right, the foremost first; () for a healthy program.
        build: returns the compiled model.
        data: returns (x, y), or (x, y, x_val, y_val).
        epochs: as it is trained.
        batch_size: samples a step.
        options: further arguments of `diagnose`.
    """

    name: str
    address: str
    published: str
    causes: tuple[str, ...]
    build: Callable[[], keras.Model]
    data: Callable[[], tuple[Any, ...]]
    epochs: int = 20
    batch_size: int = 32
    options: dict[str, Any] = field(default_factory=dict)


def network(
    *stack: Callable[[], Any],
    loss: Any,
    optimizer: Callable[[], Any] | str = "adam",
    metrics: tuple[str, ...] = (),
) -> Callable[[], keras.Model]:
    """Return a build function of a sequential model; every layer is made anew."""

    def build() -> keras.Model:
        model = keras.Sequential([make() for make in stack])
        rule = optimizer() if callable(optimizer) else optimizer
        model.compile(rule, loss, metrics=list(metrics))
        return model

    return build


def dense(*arguments: Any, **settings: Any) -> Callable[[], Any]:
    """Return a function that makes a Dense layer."""
    return lambda: keras.layers.Dense(*arguments, **settings)


def draw(seed: int) -> np.random.Generator:
    """Return a generator of random numbers for one program's data."""
    return np.random.default_rng(seed)
