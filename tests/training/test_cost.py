"""What a training costs is told by what its inputs are for."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from repro.training.cost import cost_of

WHOLE = tf.constant(np.zeros((4, 9), "int64"))


@pytest.mark.parametrize(
    ("stack", "times"),
    [
        ([layers.Dense(3)], 1),
        ([layers.Embedding(5, 2), layers.GRU(3)], 9),
        ([layers.Hashing(5), layers.Embedding(5, 2), layers.GRU(3)], 9),
    ],
)
def test_whole_numbers_are_time_steps_where_they_are_looked_up(stack, times):
    model = keras.Sequential([keras.Input((9,), dtype="int64"), *stack])
    weights = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert cost_of(model, (WHOLE, None, None)).products == weights * times
