"""The random generators of the process, which the building of a model seeds."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from keras.src.backend.common import global_state
from tensorflow.python.eager import context

OF_KERAS = ("global_random_seed", "global_seed_generator")
ONE_CALL = threading.RLock()  # seeding, naming and building are global to the process


@contextmanager
def borrowed() -> Iterator[None]:
    """Let one thread seed the generators of Python, NumPy, TensorFlow and Keras for a while.

    They are given back as they were: who draws numbers between two calls gets others each time.
    """
    with ONE_CALL:
        of_python, of_numpy = random.getstate(), np.random.get_state()
        of_keras = {name: global_state.get_global_attribute(name) for name in OF_KERAS}
        eager = context.context()
        of_tensorflow = {n: v for n, v in vars(eager).items() if n in ("_seed", "_rng")}
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)
            for name, value in of_keras.items():
                global_state.set_global_attribute(name, value)
            vars(eager).update(of_tensorflow)
