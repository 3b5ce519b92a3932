"""Thread 001's snippet as a Keras model: its study says that nothing is wrong with it."""

import numpy as np
from thread import part_of

CAUSE = ""
CHANGES = ()
EPOCHS, BATCH_SIZE = 200, 4


def build():
    return part_of("relu_at_zero", "build_model")(
        part_of("relu_at_zero", "draw")(np.random, data_seed=0)
    )


def data():
    start = part_of("relu_at_zero", "draw")(np.random.RandomState(0), data_seed=0)
    return start.x, start.y
