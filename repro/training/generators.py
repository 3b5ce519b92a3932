"""The random generators of the process, which the building of a model seeds."""

import copy
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import global_state
from tensorflow.python.eager import context

OF_KERAS = ("global_random_seed", "global_seed_generator")
ONE_CALL = threading.RLock()  # seeding, naming and building are global to the process


@dataclass(frozen=True)
class Generators:
    """The states of the generators of Python, NumPy, TensorFlow and Keras."""

    python: Any
    numpy: Any
    keras: dict[str, Any]
    tensorflow: dict[str, Any]

    @classmethod
    def at_present(cls) -> "Generators":
        """Return the states that they are in."""
        eager = vars(context.context()).items()
        return cls(
            random.getstate(),
            np.random.get_state(legacy=False),
            {name: global_state.get_global_attribute(name) for name in OF_KERAS},
            {name: copy.copy(value) for name, value in eager if name in ("_seed", "_rng")},
        )

    def drawn_from(self) -> str | None:
        """Name a generator that has been drawn from since; None if none of Python and NumPy."""
        if random.getstate() != self.python:
            return "Python's random"
        equal = keras.tree.map_structure(
            np.array_equal, np.random.get_state(legacy=False), self.numpy
        )
        return None if all(keras.tree.flatten(equal)) else "numpy.random"

    def drawn_eagerly_from(self) -> str | None:
        """Name a generator of Python, NumPy or TensorFlow that has been drawn from."""
        if name := self.drawn_from():
            return name
        states = [
            rng and rng.getstate()
            for rng in (g.tensorflow.get("_rng") for g in (self, Generators.at_present()))
        ]
        return None if states[0] == states[1] else "tf.random"

    def give_back(self) -> None:
        """Put the generators into these states."""
        random.setstate(self.python)
        np.random.set_state(self.numpy)
        for name, value in self.keras.items():
            global_state.set_global_attribute(name, value)
        vars(context.context()).update(self.tensorflow)


class OwnGenerators:
    """A seed's own generators, in the states that they are in when this is made.

    Seeds that train at once draw in turns; each goes on where its own last turn has ended.
    """

    def __init__(self) -> None:
        self._own = Generators.at_present()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let whoever draws for a while draw for this seed."""
        others = Generators.at_present()
        self._own.give_back()
        try:
            yield
        finally:
            self._own = Generators.at_present()
            others.give_back()


@contextmanager
def borrowed() -> Iterator[None]:
    """Let one thread seed the generators of Python, NumPy, TensorFlow and Keras for a while.

    They are given back as they were: who draws numbers between two calls gets others each time.
    """
    with ONE_CALL:
        states = Generators.at_present()
        try:
            yield
        finally:
            states.give_back()
