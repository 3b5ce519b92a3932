"""Thread 001's snippet as a Keras model: its study says that nothing is wrong with it."""

import numpy as np

from repro.relu_at_zero.rebuilt import build_model, draw
from repro.relu_at_zero.settings import Snippet

CAUSE = ""
CHANGES = ()
EPOCHS, BATCH_SIZE = 200, 4


def build():
    return build_model(Snippet(at_zero="zero"), draw(np.random, data_seed=0))


def data():
    start = draw(np.random.RandomState(0), data_seed=0)
    return start.x, start.y
