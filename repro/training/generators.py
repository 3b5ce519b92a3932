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
        python_state, numpy_state = random.getstate(), np.random.get_state()
        keras_states = {name: global_state.get_global_attribute(name) for name in OF_KERAS}
        eager = context.context()
        tensorflow_state = {n: v for n, v in vars(eager).items() if n in ("_seed", "_rng")}
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
            for name, value in keras_states.items():
                global_state.set_global_attribute(name, value)
            vars(eager).update(tensorflow_state)
